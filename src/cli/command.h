// What every subcommand is made of: what it may touch, how it ends, how it is chosen.
//
// A command is a function of its own options and a World; it writes to the World's streams and
// returns an exit code. Tests give it streams and an environment of their own.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>

#include "base/error.h"

namespace CLI {
class App;
}

namespace cli {

// Part of the interface (docs/cli.md), never changed.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,       // the server refused or failed, or something on this machine did
  kUsage = 2,        // the command line, a manifest or the configuration is wrong
  kUnreachable = 3,  // no server answered
  kGuestFailed = 4,  // invoke: the answer's status was not 2xx
};

using Environment = std::map<std::string, std::string, std::less<>>;

struct World {
  std::ostream& out;
  std::ostream& err;
  Environment environment;
};

// Why a command ends early, as it is told to the user.
struct Failure {
  ExitCode exit = ExitCode::kFailed;
  std::string message;
};

template <class T>
using Outcome = std::expected<T, Failure>;

// kInvalidArgument is the user's to mend, so it is kUsage; all else is kFailed.
Failure failure_of(const base::Error& error);
std::unexpected<Failure> fail(ExitCode exit, std::string message);

// Says "roost: <message>" and returns the exit code.
ExitCode report(World& world, const Failure& failure);

using Command = std::function<ExitCode(World&)>;

// Each adds its subcommands; `chosen` becomes the one that the command line names.
void add_serve_command(CLI::App& app, Command& chosen);
void add_compile_command(CLI::App& app, Command& chosen);
void add_deploy_command(CLI::App& app, Command& chosen);
void add_invoke_command(CLI::App& app, Command& chosen);
void add_functions_commands(CLI::App& app, Command& chosen);
void add_canary_command(CLI::App& app, Command& chosen);
void add_logs_command(CLI::App& app, Command& chosen);
void add_db_commands(CLI::App& app, Command& chosen);
void add_events_commands(CLI::App& app, Command& chosen);
void add_schedules_commands(CLI::App& app, Command& chosen);
void add_token_command(CLI::App& app, Command& chosen);
void add_doctor_command(CLI::App& app, Command& chosen);
void add_backup_commands(CLI::App& app, Command& chosen);

}  // namespace cli
