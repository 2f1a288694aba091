// keys.json: how programs on this machine reach the server and what lets them in.
//
//   {"anon_key": "…", "service_role_key": "…", "jwt_secret": "…", "url": "http://…",
//    "admin_url": "http://…"}
// A copy for convenience, written at each start; the keys themselves are in roost.db. A value.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace server {

inline constexpr std::string_view kKeysFileName = "keys.json";

struct KeysFile {
  std::string anon_key;
  std::string service_role_key;
  std::string jwt_secret;
  std::string url;  // of the function listener
  std::string admin_url;

  bool operator==(const KeysFile&) const = default;
};

std::string to_json(const KeysFile& keys);
// kStorage unless all members are there and are text; others are ignored.
base::Result<KeysFile> parse_keys_file(std::string_view json);

// kNotFound when there is none: no server was ever started there. kStorage. Blocks.
base::Result<KeysFile> read_keys_file(const std::filesystem::path& folder);

// Where a client on this machine reaches a listener: an address of all interfaces becomes the
// loopback's. "0.0.0.0:9400" → "http://127.0.0.1:9400".
std::string local_url_of(std::string_view address);

}  // namespace server
