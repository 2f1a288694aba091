#include "server/keys_file.h"

#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "server/private_file.h"

namespace server {
namespace {

using base::Result;
namespace json = boost::json;

struct Member {
  std::string_view name;
  std::string KeysFile::* value;
};
constexpr std::array<Member, 5> kMembers{{{"anon_key", &KeysFile::anon_key},
                                          {"service_role_key", &KeysFile::service_role_key},
                                          {"jwt_secret", &KeysFile::jwt_secret},
                                          {"url", &KeysFile::url},
                                          {"admin_url", &KeysFile::admin_url}}};

}  // namespace

std::string to_json(const KeysFile& keys) {
  std::string out = "{";
  for (const Member& member : kMembers) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    base::append_json_string(out, member.name);
    out += ": ";
    base::append_json_string(out, keys.*member.value);
  }
  out += "\n}\n";
  return out;
}

Result<KeysFile> parse_keys_file(std::string_view text) {
  boost::system::error_code error;
  const json::value document = json::parse(json::string_view(text.data(), text.size()), error);
  const json::object* object = error ? nullptr : document.if_object();
  if (object == nullptr) return base::fail(base::Code::kStorage, "it is not a JSON object");
  KeysFile keys;
  for (const Member& member : kMembers) {
    const json::value* value = object->if_contains(member.name);
    const json::string* string = value == nullptr ? nullptr : value->if_string();
    if (string == nullptr) {
      return base::fail(base::Code::kStorage, fmt::format("it lacks the text \"{}\"", member.name));
    }
    keys.*member.value = std::string(*string);
  }
  return keys;
}

Result<KeysFile> read_keys_file(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kKeysFileName;
  const Result<std::string> text = read_small_file(file);
  if (!text) return base::fail(text.error());
  Result<KeysFile> keys = parse_keys_file(*text);
  if (keys) return keys;
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot use {}: {}; the next start of the server writes it again",
                                file.string(), keys.error().message));
}

std::string local_url_of(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  std::string_view host = address.substr(0, colon);
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return fmt::format("http://{}{}", host, address.substr(colon));
}

}  // namespace server
