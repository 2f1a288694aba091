// The `config` part of a deployment.
#include <string>

#include <boost/json.hpp>

#include "catalog/function.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = catalog::parse_config({reinterpret_cast<const char*>(data), size});
  if (!config) return 0;
  fuzz::require(catalog::is_function_name(config->name), "the name is a function's");
  fuzz::require(!config->triggers.empty(), "something makes the function run");
  const auto again = catalog::parse_config(catalog::to_json(*config));
  fuzz::require(again && *again == *config, "a configuration is stored as it was read");
  boost::json::error_code failure;
  (void)boost::json::parse(catalog::to_public_json(*config), failure);
  fuzz::require(!failure, "what people are shown is JSON");
  return 0;
}
