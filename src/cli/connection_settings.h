// Where the server is and what lets us in: flags, then the environment, then keys.json.
//
//   --url, ROOST_URL              functions
//   --admin-url, ROOST_ADMIN_URL  administration
//   --key, ROOST_KEY              a token
//   --data, ROOST_DATA            whose keys.json says the rest (./roost-data)
// A key of keys.json is sent only to the server that the file names, or to this machine: pointing
// ROOST_ADMIN_URL elsewhere does not give the local key away.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/http_client.h"
#include "server/keys_file.h"

namespace cli {

struct ConnectionOptions {
  std::string url;  // empty: not given, here and below
  std::string admin_url;
  std::string key;
  std::string data;
};

enum class Listener { kFunctions, kAdmin };

// Adds --data and the flags of a listener.
void add_connection_options(CLI::App& app, ConnectionOptions& options, Listener listener);

std::filesystem::path data_folder_of(const ConnectionOptions& options,
                                     const Environment& environment);

class ConnectionSettings {
 public:
  // Reads keys.json if there is one. kFailed when it is there and cannot be used.
  static Outcome<ConnectionSettings> read(const ConnectionOptions& options,
                                          const Environment& environment);

  // kUsage when what was given is no URL.
  [[nodiscard]] Outcome<Url> url(Listener listener) const;

  // The key for administration: kUsage when there is none.
  [[nodiscard]] Outcome<std::string> admin_key() const;
  // The key for a call: `wanted` is anon, service, a token, or empty for whatever there is (then
  // ROOST_KEY, else the anon key, else none).
  [[nodiscard]] Outcome<std::string> function_key(const std::string& wanted) const;

 private:
  // A key of keys.json that may be sent to this listener.
  [[nodiscard]] Outcome<std::string> stored_key(Listener listener,
                                                std::string server::KeysFile::* key) const;

  std::filesystem::path folder_;
  std::optional<server::KeysFile> file_;
  std::string given_url_;
  std::string given_admin_url_;
  std::string given_key_;
};

}  // namespace cli
