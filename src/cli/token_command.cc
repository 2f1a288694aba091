// roost token: signs a token with the key of a server on this machine.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "auth/token.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/connection_settings.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string role = "authenticated";
  std::string user_id;
  std::string lifetime = "1h";
  std::string claims;
  bool json = false;
};

Outcome<auth::TokenRequest> request_of(const Options& options) {
  const auto lifetime = base::parse_duration(options.lifetime);
  if (!lifetime) return fail(ExitCode::kUsage, "--expires: " + lifetime.error().message);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*lifetime);
  if (seconds != *lifetime) return fail(ExitCode::kUsage, "--expires: write whole seconds");
  return auth::TokenRequest{.role = *auth::role_named(options.role),
                            .user_id = options.user_id,
                            .lifetime = seconds,
                            .extra_claims_json = options.claims};
}

ExitCode token(const Options& options, World& world) {
  const auto request = request_of(options);
  if (!request) return report(world, request.error());
  const auto folder = data_folder_of(options.connection, world.environment);
  const auto keys = server::read_keys_file(folder);
  if (!keys && keys.error().code == base::Code::kNotFound) {
    return report(world, {ExitCode::kUsage,
                          fmt::format("there is no {} to sign with: name the server's folder with "
                                      "--data",
                                      (folder / server::kKeysFileName).string())});
  }
  if (!keys) return report(world, {ExitCode::kFailed, keys.error().message});
  const auto now = auth::Clock::now();
  const auto signed_token = auth::sign_token(*request, {keys->jwt_secret}, now);
  if (!signed_token) return report(world, failure_of(signed_token.error()));
  if (!options.json) {
    world.out << *signed_token << '\n';
    return ExitCode::kOk;
  }
  json::object out{{"token", *signed_token}, {"expires_at", nullptr}};
  if (request->lifetime.count() > 0) {
    out["expires_at"] = auth::Clock::to_time_t(now + request->lifetime);
  }
  world.out << json::serialize(out) << '\n';
  return ExitCode::kOk;
}

}  // namespace

void add_token_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("token", "Sign a token for a user, with the server's key");
  const auto options = std::make_shared<Options>();
  command->add_option("--role", options->role, "anon, authenticated or service_role")
      ->check(CLI::IsMember({"anon", "authenticated", "service_role"}));
  command->add_option("--sub", options->user_id, "The user's id: auth.uid() of policies");
  command->add_option("--expires", options->lifetime, "1h unless said; 0 never");
  command->add_option("--claims", options->claims, "A JSON object of more claims");
  command->add_flag("--json", options->json, "Print the token and when it expires as JSON");
  command->add_option("--data", options->connection.data, "The server's data folder");
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return token(*options, world); }; });
}

}  // namespace cli
