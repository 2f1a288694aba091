// function.toml: what a folder says about the function that is made from it.
//
//   name = "hello"                   default: the folder's name
//   module = "hello.wasm"            beside the manifest; default: NAME.wasm
//   triggers = ["http"]
//   verify_jwt = true
//   service_role = false
//   [limits]                         timeout, cpu, memory, max_response, max_log
//   timeout = "2s"
//   [env]
//   GREETING = "Hello"
// What is left out is the server's to choose, and so are the bounds: here only unknown keys and
// wrong types are refused. A value.
#pragma once

#include <filesystem>

#include <boost/json/object.hpp>

#include "base/error.h"

namespace cli {

struct Manifest {
  std::filesystem::path module;
  boost::json::object config;  // the deployment's `config` part; holds at least `name`
};

// `file` is function.toml. Blocks. kInvalidArgument names the file, the line and the key;
// kNotFound, kStorage.
base::Result<Manifest> read_manifest(const std::filesystem::path& file);

}  // namespace cli
