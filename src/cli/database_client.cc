#include "cli/database_client.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/json_text.h"
#include "cli/marked_line.h"

namespace cli {
namespace {

namespace json = boost::json;
using database::Command;
using database::RoleSet;

// A migration may take 10 minutes, and wait for others before that.
constexpr HttpClient::Timeouts kTimeouts{.connect = std::chrono::seconds(5),
                                         .silence = std::chrono::minutes(11)};

// Nothing when the answer is no SQL error. `sql_of` says which text its position is of.
template <class SqlOf>
std::optional<Failure> sql_failure(const HttpResponse& response, SqlOf sql_of) {
  boost::system::error_code error;
  const json::value body = json::parse(response.body, error);
  if (error || find(body, "sqlstate") == nullptr) return std::nullopt;
  const std::string message = text_at(body, "message");
  std::string text =
      fmt::format("{} [{} {}]", message, text_at(body, "sqlstate"), text_at(body, "class"));
  const std::int64_t position = number_at(body, "position");
  const std::string line = position < 1 ? "" : marked_line(sql_of(message), position);
  if (!line.empty()) {
    text += '\n' + line;
  } else if (find(body, "statement") != nullptr) {
    text += fmt::format(" in statement {}", number_at(body, "statement") + 1);
  }
  return Failure{ExitCode::kFailed, std::move(text)};
}

// The server begins its message with the migration that failed.
std::string_view sql_of(const std::vector<database::Migration>& migrations,
                        std::string_view message) {
  const auto failed = std::ranges::find_if(migrations, [message](const auto& migration) {
    return message.starts_with(fmt::format("migration {} ", migration.version));
  });
  return failed == migrations.end() ? std::string_view() : failed->sql;
}

Outcome<RoleSet> roles_at(const json::value& value, std::string_view path) {
  if (array_at(value, path).empty()) return RoleSet();
  const std::string names = list_at(value, path);
  const auto roles = RoleSet::parse(names);
  if (roles) return *roles;
  return fail(
      ExitCode::kFailed,
      fmt::format("the server names roles that this program does not know ({}): use a roost "
                  "as new as the server's",
                  names));
}

Outcome<database::Policy> policy_of(const json::value& value, std::string table) {
  const auto command = database::command_named(text_at(value, "command"));
  if (!command) {
    return fail(ExitCode::kFailed,
                fmt::format("policy {} is for a command that this program does not know ({}): use "
                            "a roost as new as the server's",
                            text_at(value, "name"), text_at(value, "command")));
  }
  const auto roles = roles_at(value, "roles");
  if (!roles) return std::unexpected(roles.error());
  const json::value* const permissive = find(value, "permissive");
  const auto expression = [&value](std::string_view key) {
    return find(value, key) == nullptr ? std::string() : text_at(value, key);
  };
  return database::Policy{.name = text_at(value, "name"),
                          .table = std::move(table),
                          .command = *command,
                          .permissive = permissive == nullptr || *permissive != false,
                          .roles = *roles,
                          .using_text = expression("using"),
                          .check_text = expression("check")};
}

Outcome<database::Grants> grants_of(const json::value& table) {
  database::Grants grants;
  for (const auto& [path, command] :
       {std::pair{"grants.select", Command::kSelect}, std::pair{"grants.insert", Command::kInsert},
        std::pair{"grants.update", Command::kUpdate},
        std::pair{"grants.delete", Command::kDelete}}) {
    const auto roles = roles_at(table, path);
    if (!roles) return std::unexpected(roles.error());
    grants.of(command) = *roles;
  }
  return grants;
}

bool is_true(const json::value& value, std::string_view path) {
  const json::value* const found = find(value, path);
  return found != nullptr && *found == true;
}

Outcome<database::TableSecurity> table_of(const json::value& value) {
  const auto grants = grants_of(value);
  if (!grants) return std::unexpected(grants.error());
  database::TableSecurity table{.table = text_at(value, "table"),
                                .enabled = is_true(value, "row_security"),
                                .forced = is_true(value, "forced"),
                                .grants = *grants,
                                .policies = {}};
  for (const json::value& entry : array_at(value, "policies")) {
    auto policy = policy_of(entry, table.table);
    if (!policy) return std::unexpected(std::move(policy.error()));
    table.policies.push_back(std::move(*policy));
  }
  return table;
}

}  // namespace

Outcome<DatabaseClient> DatabaseClient::connect(const ConnectionOptions& options,
                                                const World& world) {
  auto admin = AdminClient::connect(options, world, kTimeouts);
  if (!admin) return std::unexpected(std::move(admin.error()));
  return DatabaseClient(std::move(*admin));
}

Outcome<HttpResponse> DatabaseClient::post(std::string_view path, const json::value& body) const {
  return admin_.ask("POST", path, "application/json", json::serialize(body));
}

Outcome<std::string> DatabaseClient::run(const json::value& request, std::string_view sql) const {
  auto response = post("/sql", request);
  if (!response) return std::unexpected(std::move(response.error()));
  if (response->ok()) return std::move(response->body);
  auto failure = sql_failure(*response, [sql](std::string_view) { return sql; });
  return std::unexpected(failure ? std::move(*failure) : admin_.refused(*response));
}

Outcome<std::vector<std::uint64_t>> DatabaseClient::migrate(
    const std::vector<database::Migration>& migrations) const {
  json::array list;
  for (const database::Migration& migration : migrations) {
    list.push_back(json::object{
        {"version", migration.version}, {"name", migration.name}, {"sql", migration.sql}});
  }
  const auto response = post("/migrations", json::object{{"migrations", std::move(list)}});
  if (!response) return std::unexpected(response.error());
  if (!response->ok()) {
    auto failure = sql_failure(
        *response, [&migrations](std::string_view message) { return sql_of(migrations, message); });
    return std::unexpected(failure ? std::move(*failure) : admin_.refused(*response));
  }
  boost::system::error_code error;
  const json::value body = json::parse(response->body, error);
  std::vector<std::uint64_t> applied;
  for (const json::value& version : array_at(body, "applied")) {
    applied.push_back(version.to_number<std::uint64_t>(error));
  }
  return applied;
}

Outcome<std::vector<database::TableSecurity>> DatabaseClient::security() const {
  const auto body = admin_.get("/policies");
  if (!body) return std::unexpected(body.error());
  std::vector<database::TableSecurity> tables;
  for (const json::value& entry : array_at(*body, "tables")) {
    auto table = table_of(entry);
    if (!table) return std::unexpected(std::move(table.error()));
    tables.push_back(std::move(*table));
  }
  return tables;
}

}  // namespace cli
