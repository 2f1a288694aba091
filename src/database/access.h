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
  explicit GuestAccess(auth::Principal principal) : principal_(std::move(principal)) {}
  [[nodiscard]] const auth::Principal& principal() const { return principal_; }

 private:
  auth::Principal principal_;
};

}  // namespace database
