// Tables' security as the SQL that makes it.
#pragma once

#include <string>
#include <string_view>

#include "database/policy.h"

namespace cli {

// As it stands in SQL: with quotes where PostgreSQL wants them.
std::string sql_name(std::string_view name);

// "GRANT SELECT ON todos TO anon;"
std::string grant_text(database::Command privilege, std::string_view table,
                       database::RoleSet roles);
// "CREATE POLICY own ON todos TO authenticated\n  USING (owner = auth.uid());", without what is
// the default.
std::string policy_text(const database::Policy& policy);
// The switch, the grants and the policies, one statement a line; comments say what is missing.
std::string security_text(const database::TableSecurity& table);

}  // namespace cli
