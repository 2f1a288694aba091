#include "cli/program.h"

#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
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

// By its long name: where any bytes are as good as others, and so are none.
bool may_be_anything(const CLI::Option& option) {
  return option.check_lname("data-raw") || option.check_lname("param") ||
         option.check_lname("payload");
}

// A script's variable that is not set leaves an empty word. Taken for a flag that was left out it
// would run a statement as the administrator, or deploy a canary to everybody.
void expect_texts(CLI::App& app) {
  const CLI::Validator some_text(
      [](const std::string& value) -> std::string {
        if (value.empty()) return "the value is empty";
        return base::is_utf8(value) ? "" : "the value is no UTF-8 text";
      },
      "", "some text");
  for (CLI::Option* option : app.get_options()) {
    if (option->get_expected_max() > 0 && !may_be_anything(*option)) option->check(some_text);
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    expect_texts(*command);
  }
}

ExitCode report_usage(const CLI::App& app, const CLI::ParseError& error, World& world) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error, world.out, world.err);
    return ExitCode::kOk;
  }
  return report(world, {ExitCode::kUsage,
                        std::string(error.what()) + "; --help says what the command takes"});
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
  expect_texts(app);
  if (const auto failure = unknown_command(app, arguments)) return report(world, *failure);
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, world);
  }
  return chosen(world);
}

}  // namespace cli
