// roost db sql: a script as the administrator, or one statement as a caller.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/command.h"
#include "cli/database_client.h"
#include "cli/db_commands.h"
#include "cli/input.h"
#include "cli/sql_results.h"

namespace cli {
namespace {

namespace json = boost::json;

// Of JSON values in an answer, which may nest deeper than Boost.JSON's own 32.
constexpr std::size_t kMaxDepth = 1000;

struct Options {
  ConnectionOptions connection;
  std::string sql;
  std::string file;
  std::string user;
  std::string role;
  std::string claims;
  std::vector<std::string> parameters;
  bool json = false;
};

Outcome<std::string> sql_of(const Options& options) {
  if (options.sql.empty() == options.file.empty()) {
    return fail(ExitCode::kUsage, "write the SQL, or name its file with -f (- is the input)");
  }
  auto sql = options.file.empty() ? options.sql : read_input(options.file);
  if (sql && !base::is_utf8(*sql)) return fail(ExitCode::kUsage, "the SQL is no UTF-8 text");
  return sql;
}

// JSON where it is some, else text: 7 is a number, "7" and seven are texts.
json::value parameter_of(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error ? json::value(text) : value;
}

// Null for the administrator.
Outcome<json::value> caller_of(const Options& options) {
  if (options.user.empty() && options.role.empty()) {
    if (options.claims.empty() && options.parameters.empty()) return json::value();
    return fail(ExitCode::kUsage,
                "--claims and -p go with --as-user or --as-role: the administrator's script has "
                "neither");
  }
  json::object caller{{"role", options.role.empty() ? "authenticated" : options.role}};
  if (!options.user.empty()) caller["user_id"] = options.user;
  if (!options.claims.empty()) {
    boost::system::error_code error;
    json::value claims = json::parse(options.claims, error);
    if (error || !claims.is_object()) {
      return fail(ExitCode::kUsage, "--claims: write a JSON object");
    }
    caller["claims"] = std::move(claims);
  }
  return caller;
}

Outcome<json::value> request_of(const Options& options, const std::string& sql) {
  auto caller = caller_of(options);
  if (!caller) return std::unexpected(std::move(caller.error()));
  json::object request{{"sql", sql}};
  if (caller->is_null()) return request;
  request["as"] = std::move(*caller);
  json::array parameters;
  for (const std::string& text : options.parameters) parameters.push_back(parameter_of(text));
  request["params"] = std::move(parameters);
  return request;
}

ExitCode print(World& world, const std::string& answer) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  const json::value results = json::parse(answer, error, {}, options);
  if (error) {
    return report(world, {ExitCode::kFailed,
                          "the answer is not JSON: is it the admin address of a "
                          "roost?"});
  }
  print_results(world.out, results);
  return ExitCode::kOk;
}

ExitCode run_sql(const Options& options, World& world) {
  const auto sql = sql_of(options);
  if (!sql) return report(world, sql.error());
  const auto request = request_of(options, *sql);
  if (!request) return report(world, request.error());
  const auto database = DatabaseClient::connect(options.connection, world);
  if (!database) return report(world, database.error());
  const auto answer = database->run(*request, *sql);
  if (!answer) return report(world, answer.error());
  if (!options.json) return print(world, *answer);
  world.out << *answer << '\n';
  return ExitCode::kOk;
}

}  // namespace

void add_db_sql_command(CLI::App& group, Command& chosen) {
  auto* command = group.add_subcommand("sql", "Run SQL as the administrator, or as a caller");
  const auto options = std::make_shared<Options>();
  auto* sql = command->add_option("SQL", options->sql, "A script; with --as-… one statement");
  command->add_option("-f,--file", options->file, "Read it from a file; - is the input")
      ->excludes(sql);
  command->add_option("--as-user", options->user, "As the caller of this user id (a token's sub)");
  command->add_option("--as-role", options->role, "As a caller of this role")
      ->check(CLI::IsMember({"anon", "authenticated", "service_role"}));
  command->add_option("--claims", options->claims, "The caller's further claims, a JSON object");
  command
      ->add_option("-p,--param", options->parameters,
                   "The value of $1, $2, …: JSON, or else text; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "Print the results as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback([&chosen, options] {
    chosen = [options](World& world) { return run_sql(*options, world); };
  });
}

}  // namespace cli
