#include "cli/program.h"

#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>

#include "server/spelling.h"

namespace cli {
namespace {

void describe(CLI::App& app) {
  app.name("roost");
  app.description("WebAssembly functions that live beside a database.");
  app.footer("`roost COMMAND --help` says more. Manual: docs/cli.md, docs/configuration.md.");
  app.set_version_flag("--version", "roost " ROOST_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(32);
}

// Nothing when the first word is a command or a flag. CLI11 would only say that a subcommand is
// required.
std::optional<Failure> unknown_command(const CLI::App& app,
                                       const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return std::nullopt;
  const std::string& word = arguments.front();
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return std::nullopt;
    if (!command->get_group().empty()) known.push_back(command->get_name());
  }
  const auto meant = server::nearest(word, known);
  return Failure{ExitCode::kUsage,
                 "there is no command " + word +
                     (meant ? ": did you mean " + *meant + "?" : "; roost --help lists them")};
}

}  // namespace

ExitCode run(std::vector<std::string> arguments, World& world) {
  CLI::App app;
  describe(app);
  Command chosen;
  for (auto* add :
       {&add_serve_command, &add_deploy_command, &add_invoke_command, &add_functions_commands,
        &add_canary_command, &add_logs_command, &add_db_commands, &add_events_commands,
        &add_schedules_commands, &add_token_command, &add_doctor_command, &add_backup_commands,
        &add_compile_command}) {
    add(app, chosen);
  }
  if (const auto failure = unknown_command(app, arguments)) return report(world, *failure);
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, world.out, world.err);
    return code == 0 ? ExitCode::kOk : ExitCode::kUsage;
  }
  return chosen(world);
}

}  // namespace cli
