// The configuration of `roost serve`.
//
//   input = (variable or flag, "=", value, LF)*, LF, roost.toml
// A variable begins with ROOST_; any other name is a key's path, as of a flag.
#include <fstream>
#include <string>

#include "fuzz/folder.h"
#include "fuzz/input.h"
#include "server/config.h"

namespace {

server::Sources read_sources(fuzz::Input& input) {
  server::Sources sources;
  for (std::string_view line = input.line(); !line.empty(); line = input.line()) {
    const std::size_t sign = std::min(line.find('='), line.size());
    const std::string name(line.substr(0, sign));
    const std::string value(line.substr(std::min(sign + 1, line.size())));
    auto& place = name.starts_with("ROOST_") ? sources.environment : sources.flags;
    place[name] = value;
  }
  // Would name a file of this machine.
  sources.environment.erase("ROOST_CONFIG");
  return sources;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder kFolder;
  fuzz::Input input(data, size);
  server::Sources sources = read_sources(input);
  sources.file = kFolder / "roost.toml";
  std::ofstream(*sources.file, std::ios::binary) << input.rest();
  const auto config = server::read_config(sources);
  fuzz::require(config || !config.error().message.empty(), "a refusal says why");
  if (!config) return 0;
  fuzz::require(config->limits.max_queue > 0 && config->limits.max_concurrency > 0,
                "there is a place to run and one to wait");
  const auto again = server::read_config(sources);
  fuzz::require(again && *again == *config, "a configuration is read alike twice");
  return 0;
}
