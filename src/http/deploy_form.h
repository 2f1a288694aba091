// The form that deploys a function: part `config` (JSON) and part `module` (the WebAssembly bytes),
// each once and nothing else. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/function.h"
#include "http/message.h"

namespace http {

struct DeployForm {
  catalog::Config config;
  std::string module;
};

// Takes the request's body, which becomes the module without a copy. `name` is the path's; empty
// when the config has to bring its own. kInvalidArgument.
base::Result<DeployForm> read_deploy_form(Request& request, std::string_view name);

}  // namespace http
