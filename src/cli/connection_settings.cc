#include "cli/connection_settings.h"

#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "server/config.h"

namespace cli {
namespace {

std::string first_given(const std::string& flag, const Environment& environment,
                        std::string_view variable) {
  if (!flag.empty()) return flag;
  const auto found = environment.find(variable);
  return found == environment.end() ? "" : found->second;
}

}  // namespace

void add_connection_options(CLI::App& app, ConnectionOptions& options, Listener listener) {
  constexpr auto kGroup = "Server";
  app.add_option("--data", options.data, "The server's data folder; its keys.json says the rest")
      ->group(kGroup);
  if (listener == Listener::kFunctions) {
    app.add_option("--url", options.url, "Where functions are called (ROOST_URL)")->group(kGroup);
    return;
  }
  app.add_option("--admin-url", options.admin_url, "Where the server listens (ROOST_ADMIN_URL)")
      ->group(kGroup);
  app.add_option("--key", options.key, "A service_role key (ROOST_KEY)")->group(kGroup);
}

std::filesystem::path data_folder_of(const ConnectionOptions& options,
                                     const Environment& environment) {
  const std::string given = first_given(options.data, environment, "ROOST_DATA");
  return given.empty() ? server::Config().data : std::filesystem::path(given);
}

Outcome<ConnectionSettings> ConnectionSettings::read(const ConnectionOptions& options,
                                                     const Environment& environment) {
  ConnectionSettings settings;
  settings.folder_ = data_folder_of(options, environment);
  settings.given_url_ = first_given(options.url, environment, "ROOST_URL");
  settings.given_admin_url_ = first_given(options.admin_url, environment, "ROOST_ADMIN_URL");
  settings.given_key_ = first_given(options.key, environment, "ROOST_KEY");
  auto file = server::read_keys_file(settings.folder_);
  if (file) {
    settings.file_ = std::move(*file);
  } else if (file.error().code != base::Code::kNotFound) {
    return std::unexpected(failure_of(file.error()));
  }
  return settings;
}

Outcome<Url> ConnectionSettings::url(Listener listener) const {
  const bool admin = listener == Listener::kAdmin;
  std::string text = admin ? given_admin_url_ : given_url_;
  if (text.empty() && file_) text = admin ? file_->admin_url : file_->url;
  if (text.empty()) {
    text = "http://" + (admin ? server::Config().admin_listen : server::Config().listen);
  }
  auto url = parse_url(text);
  if (!url) return std::unexpected(failure_of(url.error()));
  return std::move(*url);
}

Outcome<std::string> ConnectionSettings::stored_key(Listener listener,
                                                    std::string server::KeysFile::* key) const {
  if (!file_) {
    return fail(ExitCode::kUsage,
                fmt::format("no key: there is no {}; set ROOST_KEY, or name the server's folder "
                            "with --data",
                            (folder_ / server::kKeysFileName).string()));
  }
  const auto wanted = url(listener);
  if (!wanted) return std::unexpected(wanted.error());
  const auto named = parse_url(listener == Listener::kAdmin ? file_->admin_url : file_->url);
  const bool same = named && named->authority() == wanted->authority();
  if (!same && !wanted->is_loopback()) {
    return fail(ExitCode::kUsage,
                fmt::format("no key: {} is of another server than {}; set ROOST_KEY",
                            (folder_ / server::kKeysFileName).string(), wanted->text()));
  }
  return (*file_).*key;
}

Outcome<std::string> ConnectionSettings::admin_key() const {
  if (!given_key_.empty()) return given_key_;
  return stored_key(Listener::kAdmin, &server::KeysFile::service_role_key);
}

Outcome<std::string> ConnectionSettings::function_key(const std::string& wanted) const {
  if (wanted == "anon") return stored_key(Listener::kFunctions, &server::KeysFile::anon_key);
  if (wanted == "service") {
    return stored_key(Listener::kFunctions, &server::KeysFile::service_role_key);
  }
  if (!wanted.empty()) return wanted;
  if (!given_key_.empty()) return given_key_;
  return stored_key(Listener::kFunctions, &server::KeysFile::anon_key).value_or("");
}

}  // namespace cli
