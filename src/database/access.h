// Whose authority a statement has: two types, so that one cannot be passed for the other.
//
// GuestAccess is a caller's: the tables granted to its role, the rows that its policies show.
// SystemAccess is Roost's own, past every policy and to Roost's own tables; it is asked for at the
// door, so that a reader of the code sees every place where it is granted. Values.
#pragma once

#include <utility>

#include "auth/principal.h"

namespace database {

class SystemAccess {};

class GuestAccess {
 public:
  // `depth`: how many events led to the call, one another's cause; 0 for a request.
  explicit GuestAccess(auth::Principal principal, int depth = 0)
      : principal_(std::move(principal)), depth_(depth) {}
  [[nodiscard]] const auth::Principal& principal() const { return principal_; }
  [[nodiscard]] int depth() const { return depth_; }

 private:
  auth::Principal principal_;
  int depth_;
};

}  // namespace database
