// Those for whom every statement is run: on both databases the same identity.
#pragma once

#include <string_view>
#include <vector>

#include "auth/principal.h"

namespace differential {

struct Caller {
  std::string_view name;
  auth::Principal principal;
};

inline constexpr std::string_view kAlice = "aaaaaaaa-0000-4000-8000-000000000001";
inline constexpr std::string_view kBob = "bbbbbbbb-0000-4000-8000-000000000002";
inline constexpr std::string_view kCarol = "cccccccc-0000-4000-8000-000000000003";
inline constexpr std::string_view kDave = "dddddddd-0000-4000-8000-000000000004";

// anon; alice and bob, who own rows; carol, a moderator by her claims; dave, who owns nothing; an
// authenticated caller without an id; the service role.
const std::vector<Caller>& callers();

}  // namespace differential
