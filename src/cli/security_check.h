// Looks for tables that show more, or less, than was meant.
//
// Pure. Only what anon and authenticated reach is looked at: service_role is past every policy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/policy.h"

namespace cli {

struct SecurityWarning {
  std::string_view kind;  // "open_table", …: part of --json, never changed
  std::string table;
  std::string meaning;
  std::string remedy;  // a statement; words in capitals are for the reader to fill in
};

//   open_table       granted, and row security is off
//   idle_policies    policies, and row security is off
//   closed_table     granted, row security is on, and there is no policy
//   missing_grant    a policy for a role that is not granted what it is for
//   open_policy      a policy that lets everyone with the role write any row
std::vector<SecurityWarning> check_security(const std::vector<database::TableSecurity>& tables);

}  // namespace cli
