// roost schedules: when functions run by the clock, and how to stop, start and hurry them.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "http/timestamp.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string function;
  std::string pattern;
  std::string time;
  std::string payload;
  bool json = false;
};

using Work = ExitCode (*)(const Options&, const AdminClient&, World&);

void print_schedules(std::ostream& out, const json::array& schedules) {
  std::vector<std::vector<std::string>> rows{
      {"FUNCTION", "PATTERN", "ZONE", "NEXT", "LAST", "PAUSED", "MISSED", "OVERLAP"}};
  for (const json::value& each : schedules) {
    rows.push_back({text_at(each, "function"), text_at(each, "pattern"), text_at(each, "zone"),
                    text_at(each, "next_at"), text_at(each, "last_at"), text_at(each, "paused"),
                    text_at(each, "missed"), text_at(each, "overlap")});
  }
  print_table(out, rows);
}

void print_once(std::ostream& out, const json::array& once) {
  std::vector<std::vector<std::string>> rows{{"EVENT", "FUNCTION", "ONCE AT"}};
  for (const json::value& run : once) {
    rows.push_back({text_at(run, "event"), text_at(run, "function"), text_at(run, "at")});
  }
  print_table(out, rows);
}

ExitCode list(const Options& options, const AdminClient& admin, World& world) {
  const auto found = admin.get("/schedules");
  if (!found) return report(world, found.error());
  if (options.json) {
    world.out << json::serialize(*found) << '\n';
    return ExitCode::kOk;
  }
  const json::array& schedules = array_at(*found, "schedules");
  const json::array& once = array_at(*found, "once");
  if (!schedules.empty()) print_schedules(world.out, schedules);
  if (!schedules.empty() && !once.empty()) world.out << '\n';
  if (!once.empty()) print_once(world.out, once);
  if (schedules.empty() && once.empty()) {
    world.err << "there are no schedules: roost deploy FILE.wasm --trigger 'cron:0 3 * * *'\n";
  }
  return ExitCode::kOk;
}

Outcome<json::value> post(const Options& options, const AdminClient& admin,
                          std::string_view action) {
  if (const auto named = function_path(options.function); !named) {
    return std::unexpected(named.error());
  }
  json::object body;
  if (!options.pattern.empty()) body["pattern"] = options.pattern;
  return admin.send("POST", fmt::format("/schedules/{}/{}", options.function, action),
                    "application/json", json::serialize(body));
}

// The end of every command that changes something.
ExitCode finish(const Options& options, World& world, const json::value& answer,
                std::string_view done) {
  if (options.json) {
    world.out << json::serialize(answer) << '\n';
  } else {
    world.out << options.function << ": " << done << '\n';
  }
  return ExitCode::kOk;
}

ExitCode pause(const Options& options, const AdminClient& admin, World& world) {
  const auto schedule = post(options, admin, "pause");
  if (!schedule) return report(world, schedule.error());
  return finish(options, world, *schedule,
                fmt::format("{} is paused: roost schedules resume {}",
                            text_at(*schedule, "pattern"), options.function));
}

ExitCode resume(const Options& options, const AdminClient& admin, World& world) {
  const auto schedule = post(options, admin, "resume");
  if (!schedule) return report(world, schedule.error());
  return finish(options, world, *schedule,
                find(*schedule, "next_at") == nullptr
                    ? "has no run to come: no date matches its pattern any more"
                    : fmt::format("{} runs next at {}", text_at(*schedule, "pattern"),
                                  text_at(*schedule, "next_at")));
}

ExitCode run(const Options& options, const AdminClient& admin, World& world) {
  const auto answer = post(options, admin, "run");
  if (!answer) return report(world, answer.error());
  return finish(options, world, *answer,
                fmt::format("runs now, as event {0}: roost logs {1}", text_at(*answer, "event"),
                            options.function));
}

Outcome<json::object> run_at_body(const Options& options) {
  if (const auto named = function_path(options.function); !named) {
    return std::unexpected(named.error());
  }
  // The server reads it again, by its own clock.
  if (const auto time = http::parse_timestamp(options.time, 0); !time) {
    return std::unexpected(failure_of(time.error()));
  }
  json::object body{{"function", options.function}, {"at", options.time}};
  if (options.payload.empty()) return body;
  boost::system::error_code error;
  body["payload"] = json::parse(options.payload, error);
  if (error)
    return fail(ExitCode::kUsage, "--payload is not JSON: write it as '{\"name\":\"Ada\"}'");
  return body;
}

ExitCode run_at(const Options& options, const AdminClient& admin, World& world) {
  const auto body = run_at_body(options);
  if (!body) return report(world, body.error());
  const auto answer =
      admin.send("POST", "/schedules/at", "application/json", json::serialize(*body));
  if (!answer) return report(world, answer.error());
  return finish(options, world, *answer,
                fmt::format("runs at {1}, as event {0}: roost events discard {0} calls it off",
                            text_at(*answer, "event"), text_at(*answer, "at")));
}

void choose(CLI::App& command, Command& chosen, Work work,
            const std::shared_ptr<Options>& options) {
  command.add_flag("--json", options->json, "Print JSON");
  add_connection_options(command, options->connection, Listener::kAdmin);
  command.callback([&command, &chosen, options, work] {
    if (!command.get_subcommands().empty()) return;  // that one was chosen
    chosen = [options, work](World& world) {
      const auto admin = AdminClient::connect(options->connection, world);
      if (!admin) return report(world, admin.error());
      return work(*options, *admin, world);
    };
  });
}

struct Subcommand {
  const char* name;
  const char* about;
  Work work;
};

}  // namespace

void add_schedules_commands(CLI::App& app, Command& chosen) {
  auto* group = app.add_subcommand("schedules", "Show, pause, resume and run schedules");
  group->require_subcommand(0, 1);
  choose(*group, chosen, list, std::make_shared<Options>());
  choose(*group->add_subcommand("list", "List schedules and single runs to come"), chosen, list,
         std::make_shared<Options>());
  for (const auto& [name, about, work] :
       {Subcommand{"pause", "Let a function's schedule wait", pause},
        Subcommand{"resume", "Let a paused schedule go on, from now", resume},
        Subcommand{"run", "Run a schedule's function at once", run}}) {
    const auto options = std::make_shared<Options>();
    auto* command = group->add_subcommand(name, about);
    command->add_option("FUNCTION", options->function, "The function")->required();
    command->add_option("--pattern", options->pattern, "Which, where it has several");
    choose(*command, chosen, work, options);
  }
  const auto options = std::make_shared<Options>();
  auto* command = group->add_subcommand("at", "Run a function once, at a given time");
  command->add_option("FUNCTION", options->function, "The function")->required();
  command->add_option("TIME", options->time, "2026-01-31T09:00:00+01:00, or +10m from now")
      ->required();
  command->add_option("-d,--payload", options->payload, "JSON for the event's `payload`");
  choose(*command, chosen, run_at, options);
}

}  // namespace cli
