// roost events: what waits to be delivered or has died, and what is to become of it.
#include <array>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "cli/whole_number.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::int64_t id = 0;  // 0: none was named
  std::int64_t before = 0;
  std::string function;
  std::string state;
  int limit = 50;
  bool all = false;
  bool own_version = false;
  bool json = false;
};

using Work = ExitCode (*)(const Options&, const AdminClient&, World&);

// Values come from whoever wrote the row.
std::string safe(const json::value& value, std::string_view path) {
  return base::escape_controls(text_at(value, path));
}

// Each line by itself, so that a text keeps its lines and can do no more than that.
void print_lines(std::ostream& out, std::string_view indent, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out << indent << base::escape_controls(text.substr(0, end)) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Outcome<std::string> list_path(const Options& options) {
  std::string path = fmt::format("/events?limit={}", options.limit);
  if (!options.state.empty()) path += "&state=" + options.state;
  if (options.before > 0) path += fmt::format("&before={}", options.before);
  if (options.function.empty()) return path;
  if (const auto named = function_path(options.function); !named) {
    return std::unexpected(named.error());
  }
  return path + "&function=" + options.function;
}

ExitCode list(const Options& options, const AdminClient& admin, World& world) {
  const auto path = list_path(options);
  if (!path) return report(world, path.error());
  const auto found = admin.get(*path);
  if (!found) return report(world, found.error());
  const json::array& events = array_at(*found, "events");
  if (options.json) {
    world.out << json::serialize(events) << '\n';
    return ExitCode::kOk;
  }
  if (events.empty()) {
    world.err << "there are no such events: all of them were delivered, or there were none\n";
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"ID", "STATE", "FUNCTION", "TRIGGER", "ATTEMPT", "CREATED", "DUE", "LANE"}};
  for (const json::value& event : events) {
    rows.push_back({text_at(event, "id"), text_at(event, "state"), safe(event, "function"),
                    text_at(event, "trigger"), text_at(event, "attempt"),
                    text_at(event, "created_at"), text_at(event, "due_at"), safe(event, "lane")});
  }
  print_table(world.out, rows);
  return ExitCode::kOk;
}

void print_attempt(std::ostream& out, const json::value& attempt) {
  out << fmt::format("\nattempt {}  {}  invocation {}\n", text_at(attempt, "attempt"),
                     text_at(attempt, "at"), safe(attempt, "invocation"));
  for (const json::value& line : array_at(attempt, "lines")) {
    print_lines(out, "    ", text_of(line));
  }
  print_lines(out, "    ! ", text_at(attempt, "error"));
}

// As it came: read here, a large number would lose digits.
ExitCode show_json(const AdminClient& admin, World& world, const std::string& path) {
  const auto response = admin.ask("GET", path, "", "");
  if (!response) return report(world, response.error());
  if (!response->ok()) return report(world, admin.refused(*response));
  world.out << response->body << '\n';
  return ExitCode::kOk;
}

ExitCode show(const Options& options, const AdminClient& admin, World& world) {
  const std::string path = fmt::format("/events/{}", options.id);
  if (options.json) return show_json(admin, world, path);
  const auto event = admin.get(path);
  if (!event) return report(world, event.error());
  std::vector<std::vector<std::string>> rows;
  for (const char* key : {"id", "state", "function", "version", "trigger", "lane", "key", "attempt",
                          "failures", "due_at", "created_at", "blocked_by", "depth", "run_as",
                          "format", "transactional", "payload"}) {
    rows.push_back({key, safe(*event, key)});
  }
  if (find(*event, "writer") != nullptr) {
    rows.insert(rows.end() - 1, {"writer", fmt::format("{} {}", safe(*event, "writer.role"),
                                                       safe(*event, "writer.user_id"))});
  }
  print_table(world.out, rows);
  for (const json::value& attempt : array_at(*event, "attempts")) print_attempt(world.out, attempt);
  return ExitCode::kOk;
}

ExitCode explain(const Options& options, const AdminClient& admin, World& world) {
  const auto found = admin.get(fmt::format("/events/{}/explain", options.id));
  if (!found) return report(world, found.error());
  if (options.json) {
    world.out << json::serialize(*found) << '\n';
  } else {
    print_lines(world.out, "", text_at(*found, "explanation"));
  }
  return ExitCode::kOk;
}

ExitCode stats(const Options& options, const AdminClient& admin, World& world) {
  const auto found = admin.get("/events/stats");
  if (!found) return report(world, found.error());
  const json::array& functions = array_at(*found, "stats");
  if (options.json) {
    world.out << json::serialize(functions) << '\n';
    return ExitCode::kOk;
  }
  if (functions.empty()) {
    world.err << "there are no events: all of them were delivered, or there were none\n";
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"FUNCTION", "PENDING", "LEASED", "DEAD", "DELIVERED", "OLDEST"}};
  for (const json::value& each : functions) {
    rows.push_back({safe(each, "function"), text_at(each, "pending"), text_at(each, "leased"),
                    text_at(each, "dead"), text_at(each, "delivered"), text_at(each, "oldest")});
  }
  print_table(world.out, rows);
  return ExitCode::kOk;
}

// Which events are meant; never all of them by leaving something out.
Outcome<json::object> filter_of(const Options& options, std::string_view flags) {
  json::object filter;
  if (options.id > 0) filter["id"] = options.id;
  if (options.all) filter["all"] = true;
  if (!options.state.empty()) filter["state"] = options.state;
  if (!options.function.empty()) {
    if (const auto named = function_path(options.function); !named) {
      return std::unexpected(named.error());
    }
    filter["function"] = options.function;
  }
  if (!filter.empty()) return filter;
  return fail(ExitCode::kUsage, fmt::format("say which events: an ID, {}", flags));
}

// `done` is the member of the answer that says how many.
ExitCode change(const Options& options, const AdminClient& admin, World& world,
                const json::object& filter, std::string_view path, std::string_view done) {
  const auto answer = admin.send("POST", path, "application/json", json::serialize(filter));
  if (!answer) return report(world, answer.error());
  if (options.json) {
    world.out << json::serialize(*answer) << '\n';
    return ExitCode::kOk;
  }
  const std::int64_t count = number_at(*answer, done);
  world.out << fmt::format("{} event{} {}\n", count, count == 1 ? "" : "s", done);
  return ExitCode::kOk;
}

ExitCode redeliver(const Options& options, const AdminClient& admin, World& world) {
  auto filter = filter_of(options, "--function NAME or --all");
  if (!filter) return report(world, filter.error());
  if (options.own_version) (*filter)["version"] = "own";
  return change(options, admin, world, *filter, "/events/redeliver", "redelivered");
}

ExitCode discard(const Options& options, const AdminClient& admin, World& world) {
  const auto filter = filter_of(options, "--function NAME, --state STATE or --all");
  if (!filter) return report(world, filter.error());
  return change(options, admin, world, *filter, "/events/discard", "discarded");
}

CLI::App* add(CLI::App& group, Command& chosen, const char* name, const char* about, Work work,
              const std::shared_ptr<Options>& options) {
  auto* command = group.add_subcommand(name, about);
  command->add_flag("--json", options->json, "Print JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback([&chosen, options, work] {
    chosen = [options, work](World& world) {
      const auto admin = AdminClient::connect(options->connection, world);
      if (!admin) return report(world, admin.error());
      return work(*options, *admin, world);
    };
  });
  return command;
}

CLI::Option* add_id(CLI::App& command, const std::shared_ptr<Options>& options) {
  return command.add_option("ID", options->id, "The event")->check(whole_number());
}

CLI::Option* add_state(CLI::App& command, const std::shared_ptr<Options>& options,
                       std::vector<std::string> states) {
  return command.add_option("--state", options->state, "Only these")
      ->check(CLI::IsMember(std::move(states)));
}

void add_list(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<Options>();
  auto* command = add(group, chosen, "list", "List events, newest first", list, options);
  add_state(*command, options, {"pending", "leased", "dead", "delivered"});
  command->add_option("--function", options->function, "Only this function's");
  command->add_option("-n,--limit", options->limit, "At most so many (50)")
      ->check(CLI::Range(1, 1'000));
  command->add_option("--before", options->before, "Only those before this ID: the next page")
      ->check(whole_number());
}

void add_changes(CLI::App& group, Command& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = add(group, chosen, "redeliver", "Let dead events run again", redeliver, options);
  auto* id = add_id(*command, options);
  auto* function =
      command->add_option("--function", options->function, "All dead ones of this function");
  auto* all = command->add_flag("--all", options->all, "All dead ones");
  id->excludes(function)->excludes(all);
  function->excludes(all);
  command->add_flag("--own-version", options->own_version,
                    "On the version they were captured for, not on the current one");

  options = std::make_shared<Options>();
  command = add(group, chosen, "discard", "Delete events for good", discard, options);
  id = add_id(*command, options);
  function = command->add_option("--function", options->function, "Those of this function");
  auto* state = add_state(*command, options, {"pending", "dead", "delivered"});
  all = command->add_flag("--all", options->all, "All that do not run now");
  id->excludes(function)->excludes(state)->excludes(all);
  all->excludes(function)->excludes(state);
}

}  // namespace

void add_events_commands(CLI::App& app, Command& chosen) {
  auto* group = app.add_subcommand("events", "Show, redeliver and discard events");
  group->require_subcommand(1);
  add_list(*group, chosen);
  auto options = std::make_shared<Options>();
  add_id(*add(*group, chosen, "show", "Show an event and its attempts", show, options), options)
      ->required();
  options = std::make_shared<Options>();
  add_id(*add(*group, chosen, "explain", "Say why an event has not run, and when it will", explain,
              options),
         options)
      ->required();
  add_changes(*group, chosen);
  add(*group, chosen, "stats", "Count events by function", stats, std::make_shared<Options>());
}

}  // namespace cli
