#include "http/database_json.h"

#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "catalog/json_document.h"
#include "host/parameters.h"
#include "http/error_response.h"
#include "http/json_members.h"

namespace http {
namespace {

namespace json = boost::json;
using database::Command;

constexpr std::array kRoles{auth::Role::kAnon, auth::Role::kAuthenticated,
                            auth::Role::kServiceRole};

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

// PostgreSQL's parser, and SQLite's, take text to end at a NUL.
base::Result<std::string> sql_of(const JsonMembers& members) {
  base::Result<std::string> sql = members.text("sql");
  if (sql && sql->contains('\0')) {
    return invalid(fmt::format("'sql' of {} holds U+0000", members.where()));
  }
  return sql;
}

base::Result<json::value> parse_body(std::string_view body) {
  if (body.size() > kMaxSqlBodyBytes) {
    return base::fail(base::Code::kPayloadTooLarge,
                      fmt::format("the body has {} bytes, at most {} are taken: send less at once",
                                  body.size(), kMaxSqlBodyBytes));
  }
  return catalog::parse_document(body, "the body");
}

// What the token of such a caller would hold.
base::Result<std::string> claims_of(const json::value* given, const auth::Principal& principal) {
  json::object claims;
  if (given != nullptr) {
    if (!given->is_object()) return invalid("'claims' of 'as' is not a JSON object");
    claims = given->get_object();
  }
  for (const std::string_view key : {"role", "sub"}) {
    if (claims.contains(key)) {
      return invalid(
          fmt::format("'claims' of 'as' names '{}': that is said by 'role' and 'user_id'", key));
    }
  }
  claims["role"] = auth::name_of(principal.role);
  if (!principal.user_id.empty()) claims["sub"] = principal.user_id;
  return json::serialize(claims);
}

base::Result<auth::Principal> caller_of(const json::value& value) {
  constexpr std::array<std::string_view, 3> kKnown{"role", "user_id", "claims"};
  const base::Result<JsonMembers> members = JsonMembers::of(value, "'as'", kKnown);
  if (!members) return base::fail(members.error());
  const base::Result<std::string> name = members->text("role");
  if (!name) return base::fail(name.error());
  const std::optional<auth::Role> role = auth::role_named(*name);
  if (!role) {
    return invalid(fmt::format(
        "there is no role '{}': there are anon, authenticated and service_role", *name));
  }
  auth::Principal principal{.role = *role, .user_id = {}, .claims_json = {}};
  if (members->find("user_id") != nullptr) {
    base::Result<std::string> user = members->text("user_id");
    if (!user) return base::fail(std::move(user.error()));
    principal.user_id = std::move(*user);
  }
  base::Result<std::string> claims = claims_of(members->find("claims"), principal);
  if (!claims) return base::fail(std::move(claims.error()));
  principal.claims_json = std::move(*claims);
  return principal;
}

base::Result<std::vector<database::Value>> parameters_of(const json::value& value) {
  if (!value.is_array()) return invalid("'params' of the body is no array");
  auto values = host::values_of(value.get_array());
  if (!values) return base::fail(database::to_error(values.error()));
  return std::move(*values);
}

base::Result<database::Migration> migration_of(const json::value& value) {
  constexpr std::array<std::string_view, 3> kKnown{"version", "name", "sql"};
  const base::Result<JsonMembers> members = JsonMembers::of(value, "a migration", kKnown);
  if (!members) return base::fail(members.error());
  const json::value* const version = members->find("version");
  const std::int64_t* const number = version == nullptr ? nullptr : version->if_int64();
  if (number == nullptr || *number < 1) {
    return invalid("'version' of a migration is not its number: 1, 2, 3 …");
  }
  base::Result<std::string> name = members->text("name");
  if (!name) return base::fail(std::move(name.error()));
  base::Result<std::string> sql = sql_of(*members);
  if (!sql) return base::fail(std::move(sql.error()));
  return database::Migration{.version = static_cast<std::uint64_t>(*number),
                             .name = std::move(*name),
                             .sql = std::move(*sql)};
}

// A JSON array of what `append` makes of each item.
template <class Items, class Append>
void append_list(std::string& out, const Items& items, Append append) {
  out += '[';
  for (bool first = true; const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    append(out, item);
  }
  out += ']';
}

void append_roles(std::string& out, const database::RoleSet& roles) {
  if (roles == database::RoleSet::everyone()) {
    out += R"(["public"])";
    return;
  }
  std::vector<auth::Role> named;
  std::ranges::copy_if(kRoles, std::back_inserter(named),
                       [&roles](auth::Role role) { return roles.contains(role); });
  append_list(out, named, [](std::string& list, auth::Role role) {
    base::append_json_string(list, auth::name_of(role));
  });
}

void append_expression(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, text);
  }
}

void append_policy(std::string& out, const database::Policy& policy) {
  out += R"({"name":)";
  base::append_json_string(out, policy.name);
  out += fmt::format(R"(,"command":"{}","permissive":{},"roles":)",
                     database::name_of(policy.command), policy.permissive);
  append_roles(out, policy.roles);
  out += R"(,"using":)";
  append_expression(out, policy.using_text);
  out += R"(,"check":)";
  append_expression(out, policy.check_text);
  out += '}';
}

void append_table(std::string& out, const database::TableSecurity& table) {
  out += R"({"table":)";
  base::append_json_string(out, table.table);
  out += fmt::format(R"(,"row_security":{},"forced":{},"grants":{{"select":)", table.enabled,
                     table.forced);
  append_roles(out, table.grants.select);
  out += R"(,"insert":)";
  append_roles(out, table.grants.insert);
  out += R"(,"update":)";
  append_roles(out, table.grants.update);
  out += R"(,"delete":)";
  append_roles(out, table.grants.remove);
  out += R"(},"policies":)";
  append_list(out, table.policies, append_policy);
  out += '}';
}

}  // namespace

base::Result<SqlRequest> parse_sql_request(std::string_view body) {
  constexpr std::array<std::string_view, 3> kKnown{"sql", "params", "as"};
  const base::Result<json::value> document = parse_body(body);
  if (!document) return base::fail(document.error());
  const base::Result<JsonMembers> members = JsonMembers::of(*document, "the body", kKnown);
  if (!members) return base::fail(members.error());
  base::Result<std::string> sql = sql_of(*members);
  if (!sql) return base::fail(std::move(sql.error()));
  SqlRequest request{.statement = {.sql = std::move(*sql), .parameters = {}}, .caller = {}};
  if (const json::value* const as = members->find("as")) {
    base::Result<auth::Principal> caller = caller_of(*as);
    if (!caller) return base::fail(std::move(caller.error()));
    request.caller = std::move(*caller);
  }
  if (const json::value* const params = members->find("params")) {
    if (!request.caller) {
      return invalid("'params' go with 'as': an administrator's script has no parameters");
    }
    base::Result<std::vector<database::Value>> values = parameters_of(*params);
    if (!values) return base::fail(std::move(values.error()));
    request.statement.parameters = std::move(*values);
  }
  return request;
}

base::Result<std::vector<database::Migration>> parse_migrations(std::string_view body) {
  constexpr std::array<std::string_view, 1> kKnown{"migrations"};
  const base::Result<json::value> document = parse_body(body);
  if (!document) return base::fail(document.error());
  const base::Result<JsonMembers> members = JsonMembers::of(*document, "the body", kKnown);
  if (!members) return base::fail(members.error());
  const json::value* const list = members->find("migrations");
  if (list == nullptr || !list->is_array()) return invalid("'migrations' of the body is no array");
  std::vector<database::Migration> migrations;
  for (const json::value& item : list->get_array()) {
    base::Result<database::Migration> migration = migration_of(item);
    if (!migration) return base::fail(std::move(migration.error()));
    migrations.push_back(std::move(*migration));
  }
  return migrations;
}

std::string results_json(const std::vector<database::Rows>& results) {
  std::string out = R"({"results":)";
  append_list(out, results, [](std::string& list, const database::Rows& rows) {
    list += R"({"rows":)";
    list += rows.json;
    list += fmt::format(R"(,"count":{}}})", rows.count);
  });
  out += '}';
  return out;
}

std::string applied_json(const std::vector<std::uint64_t>& versions) {
  return fmt::format(R"({{"applied":[{}]}})", fmt::join(versions, ","));
}

std::string tables_json(const std::vector<database::TableSecurity>& tables) {
  std::string out = R"({"tables":)";
  append_list(out, tables, append_table);
  out += '}';
  return out;
}

Answer sql_error_response(const database::SqlError& error) {
  Answer answer = error_response({database::to_error(error).code, error.message});
  answer.body.pop_back();  // the object goes on
  answer.body += fmt::format(R"(,"sqlstate":"{}","class":"{}")", database::code_of(error.state),
                             database::name_of(error.state));
  if (error.position) answer.body += fmt::format(R"(,"position":{})", *error.position);
  if (error.statement) answer.body += fmt::format(R"(,"statement":{})", *error.statement);
  answer.body += '}';
  return answer;
}

}  // namespace http
