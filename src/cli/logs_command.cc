// roost logs: the journal, newest last; -f goes on as invocations come.
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string name;
  int limit = 50;
  bool follow = false;
  std::string status;
  std::string trigger;
  std::string user;
  std::string since;
  std::string until;
  bool json = false;
};

void print(World& world, const json::value& entry) {
  world.out << fmt::format("{}  {:<15}  {} v{}  {}  {}  {}", text_at(entry, "time"),
                           text_at(entry, "status"), text_at(entry, "function"),
                           text_at(entry, "version"), text_at(entry, "trigger"),
                           duration_at(entry, "duration_us"), size_at(entry, "peak_memory_bytes"));
  if (find(entry, "user_id") != nullptr)
    world.out << "  user " << base::escape_controls(text_at(entry, "user_id"));
  world.out << '\n';
  for (const json::value& line : array_at(entry, "lines")) {
    world.out << "    " << text_of(line) << '\n';
  }
  if (find(entry, "error") == nullptr) return;
  // The guest's backtrace follows the first line.
  const std::string error = text_at(entry, "error");
  std::string_view rest = error;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    world.out << "    ! " << rest.substr(0, end) << '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void write(World& world, const Options& options, const json::value& entry) {
  if (options.json) {
    world.out << json::serialize(entry) << '\n';
  } else {
    print(world, entry);
  }
}

Outcome<std::string> path_of(const Options& options) {
  std::string query = fmt::format("?limit={}", options.limit);
  for (const auto& [name, value] : {std::pair{"status", &options.status},
                                    {"trigger", &options.trigger},
                                    {"user", &options.user},
                                    {"since", &options.since},
                                    {"until", &options.until}}) {
    if (!value->empty()) query += fmt::format("&{}={}", name, base::to_percent(*value));
  }
  if (options.follow) query += "&follow=true";
  if (options.name.empty()) return "/logs" + query;
  return function_path(options.name, "/logs" + query);
}

Outcome<void> follow(const Options& options, const AdminClient& admin, const std::string& path,
                     World& world) {
  return admin.follow(path, [&](std::string_view line) {
    boost::system::error_code error;
    const json::value entry = json::parse(json::string_view(line.data(), line.size()), error);
    if (!error) write(world, options, entry);
    world.out.flush();
    return world.out.good();
  });
}

ExitCode logs(const Options& options, World& world) {
  const auto path = path_of(options);
  if (!path) return report(world, path.error());
  const auto admin = AdminClient::connect(options.connection, world);
  if (!admin) return report(world, admin.error());
  if (options.follow) {
    const auto ended = follow(options, *admin, *path, world);
    return ended ? ExitCode::kOk : report(world, ended.error());
  }
  const auto found = admin->get(*path);
  if (!found) return report(world, found.error());
  for (const json::value& entry : array_at(*found, "entries")) write(world, options, entry);
  return ExitCode::kOk;
}

}  // namespace

void add_logs_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("logs", "Show invocations and what they logged");
  const auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "The function; all when it is left out");
  command->add_option("-n,--limit", options->limit, "The newest so many (50)")
      ->check(CLI::Range(1, 10'000));
  command->add_flag("-f,--follow", options->follow, "Go on as invocations come");
  command->add_option("--status", options->status, "Only these")
      ->check(CLI::IsMember({"success", "error", "timeout", "memory_exceeded", "cpu_limit"}));
  command->add_option("--trigger", options->trigger, "What made them run")
      ->check(CLI::IsMember({"http", "database", "schedule"}));
  command->add_option("--user", options->user, "Those that ran as this user");
  command->add_option("--since", options->since,
                      "Those that started at this time (RFC 3339) or so long ago (15m), or later");
  command->add_option("--until", options->until, "Those that started before this time");
  command->add_flag("--json", options->json, "One JSON object a line");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return logs(*options, world); }; });
}

}  // namespace cli
