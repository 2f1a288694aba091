#include "cli/input.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

namespace cli {

Outcome<std::string> read_input(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::error_code none;
  if (std::filesystem::is_directory(file, none)) {
    return fail(ExitCode::kUsage, fmt::format("cannot read {}: it is a folder", file));
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    return fail(ExitCode::kUsage, fmt::format("cannot read {}: {}", file, std::strerror(errno)));
  }
  return content;
}

}  // namespace cli
