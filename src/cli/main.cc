#include <iostream>

#include <unistd.h>

#include "cli/program.h"

namespace {

cli::Environment process_environment() {
  cli::Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  cli::World world{std::cout, std::cerr, process_environment()};
  const cli::ExitCode code = cli::run({argv + 1, argv + argc}, world);
  std::cout.flush();
  return static_cast<int>(code);
}
