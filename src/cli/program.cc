#include "cli/program.h"

#include <algorithm>

#include <CLI/CLI.hpp>

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

}  // namespace

ExitCode run(std::vector<std::string> arguments, World& world) {
  CLI::App app;
  describe(app);
  Command chosen;
  for (auto* add :
       {&add_serve_command, &add_deploy_command, &add_invoke_command, &add_functions_commands,
        &add_logs_command, &add_token_command, &add_doctor_command, &add_compile_command}) {
    add(app, chosen);
  }
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
