// function.toml, and the configuration that a deployment makes of it.
#include "cli/manifest.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <boost/json/serialize.hpp>

#include "catalog/function.h"
#include "fuzz/folder.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder kFolder;
  const std::filesystem::path file = kFolder / "function.toml";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto manifest = cli::read_manifest(file);
  if (!manifest) return 0;
  fuzz::require(manifest->config.contains("name"), "a manifest has a name");
  const auto config = catalog::parse_config(boost::json::serialize(manifest->config));
  if (!config) return 0;
  const auto again = catalog::parse_config(catalog::to_json(*config));
  fuzz::require(again && *again == *config, "a configuration is stored as it was read");
  return 0;
}
