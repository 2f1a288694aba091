// The command line `roost`: reads the arguments, runs the subcommand they name.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace cli {

// `arguments` without the program's name. Never throws.
ExitCode run(std::vector<std::string> arguments, World& world);

}  // namespace cli
