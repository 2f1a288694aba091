#include "database/sql/policy_statement.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "database/sql/scanner.h"
#include "database/sql/syntax_tree.h"

namespace database::sql {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::string_view kSchema = "public";
constexpr std::array kPrivileges{Command::kSelect, Command::kInsert, Command::kUpdate,
                                 Command::kDelete};

// Absent fields read as nothing, as libpg_query means them.
std::string_view text_of(const object& node, std::string_view field) {
  const auto* value = node.if_contains(field);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}
bool flag_of(const object& node, std::string_view field) {
  const auto* value = node.if_contains(field);
  return value != nullptr && value->is_bool() && value->get_bool();
}
const array& list_of(const object& node, std::string_view field) {
  static const array kEmpty;
  const auto* value = node.if_contains(field);
  return value != nullptr && value->is_array() ? value->get_array() : kEmpty;
}
const object& object_of(const object& node, std::string_view field) {
  static const object kEmpty;
  const auto* value = node.if_contains(field);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}
// What is inside of {"RoleSpec":{…}}.
const object& inside(const boost::json::value& value, std::string_view type) {
  static const object kEmpty;
  return value.is_object() ? object_of(value.get_object(), type) : kEmpty;
}

// One statement on its way into a value; it knows the text for positions and expressions.
class Reader {
 public:
  explicit Reader(std::string_view sql) : sql_(sql) {}

  SqlResult<PolicyStatement> read(std::string_view type, const object& node) const;

 private:
  SqlResult<PolicyStatement> create_policy(const object& node) const;
  SqlResult<PolicyStatement> alter_policy(const object& node) const;
  SqlResult<PolicyStatement> rename_policy(const object& node) const;
  SqlResult<PolicyStatement> drop_policy(const object& node) const;
  SqlResult<PolicyStatement> alter_table(const object& node) const;
  SqlResult<PolicyStatement> alter_grants(const object& node) const;

  SqlResult<std::string> table(const object& range) const;
  SqlResult<RoleSet> roles(const array& specs) const;
  SqlResult<std::vector<Command>> privileges(const array& named) const;
  SqlResult<Command> privilege(const object& node) const;
  SqlResult<std::vector<std::string>> granted_tables(const object& node) const;
  static SqlResult<PolicyStatement> grant_on_schema(const object& node, AlterGrants grants);
  static SqlResult<void> check_schema(std::string_view name,
                                      std::optional<std::uint32_t> position = std::nullopt);
  [[nodiscard]] std::optional<std::string_view> expression(std::string_view word,
                                                           std::string_view word_before = "") const;
  [[nodiscard]] ExpressionPlaces places() const;
  [[nodiscard]] std::optional<std::uint32_t> position(const object& node) const;

  std::string_view sql_;
};

std::unexpected<SqlError> unsupported(std::string message,
                                      std::optional<std::uint32_t> position = std::nullopt) {
  return sql_fail(SqlState::kFeatureNotSupported, std::move(message), position);
}

std::optional<std::uint32_t> Reader::position(const object& node) const {
  const auto* location = node.if_contains("location");
  if (location == nullptr || !location->is_int64() || location->get_int64() < 0) return {};
  return position_of(sql_, static_cast<std::size_t>(location->get_int64()));
}

SqlResult<void> Reader::check_schema(std::string_view name, std::optional<std::uint32_t> position) {
  if (name.empty() || name == kSchema) return {};
  return sql_fail(SqlState::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", name),
                  position);
}

SqlResult<std::string> Reader::table(const object& range) const {
  const std::string_view name = text_of(range, "relname");
  if (const auto catalog = text_of(range, "catalogname"); !catalog.empty()) {
    return unsupported(fmt::format("cross-database references are not implemented: \"{}.{}.{}\"",
                                   catalog, text_of(range, "schemaname"), name),
                       position(range));
  }
  if (auto known = check_schema(text_of(range, "schemaname"), position(range)); !known) {
    return sql_fail(std::move(known.error()));
  }
  return std::string(name);
}

SqlResult<RoleSet> Reader::roles(const array& specs) const {
  RoleSet roles;
  for (const auto& item : specs) {
    const object& spec = inside(item, "RoleSpec");
    const std::string_view type = text_of(spec, "roletype");
    if (type == "ROLESPEC_PUBLIC") {
      roles.add(RoleSet::everyone());
      continue;
    }
    if (type != "ROLESPEC_CSTRING") {
      return unsupported(fmt::format("{} is not a role here: name anon, authenticated, "
                                     "service_role or PUBLIC",
                                     type.substr(std::string_view("ROLESPEC_").size())),
                         position(spec));
    }
    const auto role = auth::role_named(text_of(spec, "rolename"));
    if (!role) {
      return sql_fail(SqlState::kUndefinedObject,
                      fmt::format("role \"{}\" does not exist: there are anon, authenticated and "
                                  "service_role",
                                  text_of(spec, "rolename")),
                      position(spec));
    }
    roles.add(*role);
  }
  return roles;
}

// Up to the parenthesis that closes the one just read, without space and comments around it.
std::string_view inside_parentheses(std::string_view sql, Scanner& scanner) {
  std::optional<std::size_t> begin;
  std::size_t end = 0;
  int depth = 1;
  while (const auto token = scanner.next()) {
    if (token->is('(')) ++depth;
    if (token->is(')') && --depth == 0) break;
    if (!begin) begin = token->begin;
    end = token->end();
  }
  return begin ? sql.substr(*begin, end - *begin) : std::string_view();
}

// The text in parentheses behind a clause's one or two words, at the statement's own level. The
// words are reserved in PostgreSQL, so no name is taken for them.
std::optional<std::string_view> Reader::expression(std::string_view word,
                                                   std::string_view word_before) const {
  Scanner scanner(sql_);
  int depth = 0;
  Token before, previous;
  while (const auto token = scanner.next()) {
    const bool opens = token->is('(');
    if (opens && depth == 0 && previous.is(word) &&
        (word_before.empty() || before.is(word_before))) {
      return inside_parentheses(sql_, scanner);
    }
    if (opens) ++depth;
    if (token->is(')')) --depth;
    before = std::exchange(previous, *token);
  }
  return std::nullopt;
}

ExpressionPlaces Reader::places() const {
  const auto before = [this](std::optional<std::string_view> text) {
    if (!text || text->empty()) return std::optional<std::uint32_t>();
    const auto bytes = static_cast<std::size_t>(text->data() - sql_.data());
    return std::optional<std::uint32_t>(position_of(sql_, bytes) - 1);
  };
  return {.use = before(expression("using")), .check = before(expression("check", "with"))};
}

SqlResult<PolicyStatement> Reader::create_policy(const object& node) const {
  auto on = table(object_of(node, "table"));
  if (!on) return sql_fail(std::move(on.error()));
  const auto to = roles(list_of(node, "roles"));
  if (!to) return sql_fail(to.error());
  const auto command = command_named(text_of(node, "cmd_name"));
  if (!command) return sql_fail(SqlState::kInternalError, "a policy's command is not known");
  const bool has_using = node.contains("qual"), has_check = node.contains("with_check");
  if (has_check && (*command == Command::kSelect || *command == Command::kDelete)) {
    return sql_fail(SqlState::kSyntaxError, "WITH CHECK cannot be applied to SELECT or DELETE");
  }
  if (has_using && *command == Command::kInsert) {
    return sql_fail(SqlState::kSyntaxError, "only WITH CHECK expression allowed for INSERT");
  }
  return CreatePolicy{{.name = std::string(text_of(node, "policy_name")),
                       .table = std::move(*on),
                       .command = *command,
                       .permissive = flag_of(node, "permissive"),
                       .roles = *to,
                       .using_text = std::string(expression("using").value_or("")),
                       .check_text = std::string(expression("check", "with").value_or(""))},
                      places()};
}

SqlResult<PolicyStatement> Reader::alter_policy(const object& node) const {
  auto on = table(object_of(node, "table"));
  if (!on) return sql_fail(std::move(on.error()));
  AlterPolicy alter;
  alter.name = text_of(node, "policy_name");
  alter.table = std::move(*on);
  if (node.contains("roles")) {
    const auto to = roles(list_of(node, "roles"));
    if (!to) return sql_fail(to.error());
    alter.roles = *to;
  }
  alter.using_text = expression("using");
  alter.check_text = expression("check", "with");
  alter.places = places();
  return alter;
}

SqlResult<PolicyStatement> Reader::rename_policy(const object& node) const {
  if (text_of(node, "renameType") != "OBJECT_POLICY") {
    return unsupported("of a policy statement's RENAME, only that of a policy is known");
  }
  auto on = table(object_of(node, "relation"));
  if (!on) return sql_fail(std::move(on.error()));
  AlterPolicy alter;
  alter.name = text_of(node, "subname");
  alter.table = std::move(*on);
  alter.if_exists = flag_of(node, "missing_ok");
  alter.new_name = text_of(node, "newname");
  return alter;
}

// Its object is a list of names: [[catalog,] schema,] table, policy.
SqlResult<PolicyStatement> Reader::drop_policy(const object& node) const {
  const array& objects = list_of(node, "objects");
  if (text_of(node, "removeType") != "OBJECT_POLICY" || objects.size() != 1) {
    return unsupported("of a policy statement's DROP, only that of a policy is known");
  }
  std::vector<std::string_view> names;
  for (const auto& item : list_of(inside(objects.front(), "List"), "items")) {
    names.push_back(text_of(inside(item, "String"), "sval"));
  }
  if (names.size() < 2 || names.size() > 3) {
    return unsupported("cross-database references are not implemented");
  }
  if (names.size() == 3) {
    if (auto known = check_schema(names.front()); !known) return sql_fail(known.error());
  }
  return DropPolicy{std::string(names.back()), std::string(names[names.size() - 2]),
                    flag_of(node, "missing_ok")};
}

SqlResult<PolicyStatement> Reader::alter_table(const object& node) const {
  auto on = table(object_of(node, "relation"));
  if (!on) return sql_fail(std::move(on.error()));
  AlterRowSecurity alter{.table = std::move(*on),
                         .if_exists = flag_of(node, "missing_ok"),
                         .enabled = {},
                         .forced = {}};
  for (const auto& item : list_of(node, "cmds")) {
    const std::string_view change = text_of(inside(item, "AlterTableCmd"), "subtype");
    if (change == "AT_EnableRowSecurity" || change == "AT_DisableRowSecurity") {
      alter.enabled = change == "AT_EnableRowSecurity";
    } else if (change == "AT_ForceRowSecurity" || change == "AT_NoForceRowSecurity") {
      alter.forced = change == "AT_ForceRowSecurity";
    } else {
      return unsupported(
          "ALTER TABLE … ENABLE, DISABLE and FORCE are known for ROW LEVEL SECURITY only, as a "
          "statement of its own");
    }
  }
  return alter;
}

SqlResult<Command> Reader::privilege(const object& node) const {
  const std::string_view name = text_of(node, "priv_name");
  if (!list_of(node, "cols").empty()) {
    return unsupported(
        "privileges on single columns are not supported: grant the table, or put the columns into "
        "a table of their own");
  }
  const auto command = command_named(name);
  if (command && *command != Command::kAll) return *command;
  for (const std::string_view other : {"truncate", "references", "trigger", "usage", "execute"}) {
    if (name == other) {
      return unsupported(fmt::format(
          "the privilege {} is not supported: there are SELECT, INSERT, UPDATE and DELETE", name));
    }
  }
  return sql_fail(SqlState::kSyntaxError, fmt::format("unrecognized privilege type \"{}\"", name));
}

SqlResult<std::vector<Command>> Reader::privileges(const array& named) const {
  if (named.empty()) return std::vector<Command>(kPrivileges.begin(), kPrivileges.end());
  std::vector<Command> privileges;
  for (const auto& item : named) {
    const object& node = inside(item, "AccessPriv");
    // ALL (columns) has columns and no name.
    const auto command = privilege(node);
    if (!command) return sql_fail(command.error());
    if (std::ranges::find(privileges, *command) == privileges.end()) {
      privileges.push_back(*command);
    }
  }
  return privileges;
}

SqlResult<std::vector<std::string>> Reader::granted_tables(const object& node) const {
  std::vector<std::string> tables;
  const bool all = text_of(node, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA";
  for (const auto& item : list_of(node, "objects")) {
    if (all) {
      auto known = check_schema(text_of(inside(item, "String"), "sval"));
      if (!known) return sql_fail(std::move(known.error()));
      continue;
    }
    auto name = table(inside(item, "RangeVar"));
    if (!name) return sql_fail(std::move(name.error()));
    tables.push_back(std::move(*name));
  }
  return tables;
}

// Scripts written for PostgreSQL say it; there is nothing to withhold by a REVOKE.
SqlResult<PolicyStatement> Reader::grant_on_schema(const object& node, AlterGrants grants) {
  for (const auto& item : list_of(node, "objects")) {
    auto known = check_schema(text_of(inside(item, "String"), "sval"));
    if (!known) return sql_fail(std::move(known.error()));
  }
  if (!grants.grant) {
    return unsupported(
        "REVOKE … ON SCHEMA is not supported: revoke privileges on the tables themselves");
  }
  return grants;
}

SqlResult<PolicyStatement> Reader::alter_grants(const object& node) const {
  AlterGrants grants{
      .grant = flag_of(node, "is_grant"), .tables = {}, .privileges = {}, .roles = {}};
  if (flag_of(node, "grant_option")) return unsupported("GRANT OPTION is not supported");
  if (node.contains("grantor")) return unsupported("GRANTED BY is not supported");
  const auto to = roles(list_of(node, "grantees"));
  if (!to) return sql_fail(to.error());
  grants.roles = *to;
  const std::string_view what = text_of(node, "objtype");
  if (what == "OBJECT_SCHEMA") return grant_on_schema(node, std::move(grants));
  if (what != "OBJECT_TABLE") {
    return unsupported(fmt::format("{} is for tables only", grants.grant ? "GRANT" : "REVOKE"));
  }
  auto tables = granted_tables(node);
  if (!tables) return sql_fail(std::move(tables.error()));
  grants.tables = std::move(*tables);
  auto named = privileges(list_of(node, "privileges"));
  if (!named) return sql_fail(std::move(named.error()));
  grants.privileges = std::move(*named);
  return grants;
}

SqlResult<PolicyStatement> Reader::read(std::string_view type, const object& node) const {
  if (type == "CreatePolicyStmt") return create_policy(node);
  if (type == "AlterPolicyStmt") return alter_policy(node);
  if (type == "RenameStmt") return rename_policy(node);
  if (type == "DropStmt") return drop_policy(node);
  if (type == "AlterTableStmt") return alter_table(node);
  if (type == "GrantStmt") return alter_grants(node);
  if (type == "GrantRoleStmt") {
    return unsupported("roles cannot be granted: a token names its one role");
  }
  if (type == "AlterDefaultPrivilegesStmt") {
    return unsupported(
        "ALTER DEFAULT PRIVILEGES is not supported: grant each table when it is made");
  }
  return unsupported("this is not a statement about policies or grants");
}

// What stands behind the name in ALTER TABLE [IF EXISTS] [ONLY] [schema.]name.
std::optional<Token> behind_table_name(Scanner& scanner) {
  auto token = scanner.next();
  if (token && token->is("if")) {
    scanner.next();
    token = scanner.next();
  }
  if (token && token->is("only")) token = scanner.next();
  token = scanner.next();
  while (token && token->is('.')) {
    scanner.next();
    token = scanner.next();
  }
  return token;
}

}  // namespace

bool begins_policy_statement(std::string_view sql) {
  Scanner scanner(sql);
  const auto verb = scanner.next();
  if (!verb) return false;
  if (verb->is("grant") || verb->is("revoke")) return true;
  if (!verb->is("create") && !verb->is("alter") && !verb->is("drop")) return false;
  const auto object = scanner.next();
  if (!object) return false;
  if (object->is("policy")) return true;
  if (!verb->is("alter")) return false;
  if (object->is("default")) return true;
  if (!object->is("table")) return false;
  const auto change = behind_table_name(scanner);
  return change &&
         (change->is("enable") || change->is("disable") || change->is("force") || change->is("no"));
}

std::size_t end_of_statement(std::string_view sql) {
  Scanner scanner(sql);
  while (const auto token = scanner.next()) {
    if (token->is(';')) return token->end();
  }
  return sql.size();
}

SqlResult<PolicyStatement> parse_policy_statement(std::string_view sql) {
  const auto tree = parse_statement(sql);
  if (!tree) return sql_fail(tree.error());
  if (!tree->is_object() || tree->get_object().size() != 1) {
    return sql_fail(SqlState::kInternalError, "the parser's answer is not one statement");
  }
  const auto& statement = *tree->get_object().begin();
  if (!statement.value().is_object()) {
    return sql_fail(SqlState::kInternalError, "the parser's answer is not a statement");
  }
  return Reader(sql).read(statement.key(), statement.value().get_object());
}

}  // namespace database::sql
