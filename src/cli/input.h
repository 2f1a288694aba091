// Text that a command reads: a file, or standard input as "-".
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

// kUsage when it cannot be read.
Outcome<std::string> read_input(const std::string& file);

}  // namespace cli
