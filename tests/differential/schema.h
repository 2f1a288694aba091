// The tables that are compared, written once: policies, grants and rows are the same text for both
// databases; types, and triggers, are put as each of them has it.
//
// Own rows, memberships seen through another protected table, restrictive beside permissive
// policies, other rules for reading than for writing, keys of one and two columns, defaults, a
// generated column, references that cascade, a table without policies, one without row security,
// one that nobody was granted, names that need quotes, and triggers of the user's own.
#pragma once

#include <string>

namespace differential {

enum class Dialect { kPostgres, kSqlite };

// Roles, and auth.uid(), auth.role() and auth.jwt() as Supabase has them. PostgreSQL only.
std::string roles_script();
std::string tables_script(Dialect dialect);
std::string policies_script();
std::string rows_script();
// After the rows: they are not theirs.
std::string triggers_script(Dialect dialect);

}  // namespace differential
