// roost serve: the server itself, and `roost compile`, its child that compiles modules.
#include <csignal>
#include <cstdlib>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "cli/command.h"
#include "cli/heap.h"
#include "cli/termination.h"
#include "sandbox/compiler.h"
#include "server/config.h"
#include "server/keys_file.h"
#include "server/server.h"

namespace cli {
namespace {

// Survives a new `roost` being installed over this one: compiled code must come from the very
// program that runs it.
constexpr const char* kThisProgram = "/proc/self/exe";

constexpr mode_t kOwnerOnly = 0077;

constexpr std::chrono::milliseconds kSignalLook{10};
// Stopping is a matter of moments, unless something cannot be interrupted: a compilation, a backup
// of much. Grace period and this together are less than the unit's TimeoutStopSec.
constexpr std::chrono::seconds kStopLimit{10};

constexpr std::chrono::seconds kTrimEach{1};

// Of the whole process, so here and nowhere else: files are private, as many descriptors as we may
// have, and a peer that is gone or a file that may not grow is an error of write().
void prepare_process() {
  ::umask(kOwnerOnly);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

// To somebody who looks on: what stands where a terminal is not is kept, and read by others
// (journald, a container's log).
void tell_of_keys(World& world, const server::Server& server, const std::string& folder) {
  if (::isatty(STDOUT_FILENO) == 0) {
    world.out << fmt::format("First start: keys were made, and are in {}/{}\n", folder,
                             server::kKeysFileName);
    return;
  }
  const server::KeysFile& keys = server.keys();
  world.out << fmt::format(
      "First start: these keys were made; keys.json in the data folder has them too.\n"
      "  anon_key          {}\n"
      "  service_role_key  {}\n",
      keys.anon_key, keys.service_role_key);
}

// Nothing is lost by not waiting for what still runs: all state survives `kill -9`.
void stop(server::Server& server, const Termination& termination, const telemetry::Log& log) {
  const std::jthread watch([&termination, &log](const std::stop_token& stopped) {
    const auto limit = base::Deadline::after(kStopLimit);
    while (!stopped.stop_requested()) {
      if (const auto again = termination.wait_for(kSignalLook)) std::_Exit(128 + *again);
      if (!limit.expired()) continue;
      log.warn("what still runs does not end: stopped without it");
      std::_Exit(static_cast<int>(ExitCode::kOk));
    }
  });
  server.stop();
}

ExitCode serve_until_told(server::Server& server, const Termination& termination,
                          const telemetry::Log& log, World& world) {
  server.start();
  world.out << fmt::format("Functions on {}/functions/v1/, administration on {}. Ctrl-C stops.\n",
                           server.keys().url, server.keys().admin_url);
  world.out.flush();
  while (!termination.wait_for(kTrimEach)) trim_heap();
  // A second signal means at once.
  server.drain([&termination](std::chrono::milliseconds time) {
    if (const auto again = termination.wait_for(time)) std::_Exit(128 + *again);
  });
  stop(server, termination, log);
  return ExitCode::kOk;
}

ExitCode serve(const server::Sources& sources, World& world) {
  const auto config = server::read_config(sources);
  if (!config) return report(world, failure_of(config.error()));
  prepare_process();
  const Termination termination;
  const telemetry::Log log(config->log.format, config->log.level);
  const auto server = server::Server::open(*config, kThisProgram, log);
  if (!server) return report(world, failure_of(server.error()));
  if ((*server)->made_keys()) tell_of_keys(world, **server, config->data.string());
  const ExitCode code = serve_until_told(**server, termination, log, world);
  log.info("stopped");
  return code;
}

struct Options {
  std::string file;
  std::map<std::string, std::string, std::less<>> texts;  // by the key's path
};

// Only flags that were given count: an empty text is a value too.
server::Sources sources_of(const CLI::App& command, const Options& options) {
  server::Sources sources;
  if (!options.file.empty()) sources.file = options.file;
  for (const server::Key& key : server::keys()) {
    if (command.count(server::flag_of(key)) == 0) continue;
    sources.flags.emplace(key.path, options.texts.at(std::string(key.path)));
  }
  return sources;
}

}  // namespace

void add_serve_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("serve", "Run the server");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->file, "Default: roost.toml in the data folder");
  for (const server::Key& key : server::keys()) {
    command->add_option(server::flag_of(key), options->texts[std::string(key.path)],
                        fmt::format("{} [{}]", key.about, key.standard));
  }
  command->callback([&chosen, command, options] {
    chosen = [sources = sources_of(*command, *options)](World& world) mutable {
      sources.environment = world.environment;
      return serve(sources, world);
    };
  });
}

void add_compile_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("compile", "Compile a module from the input")->group("");
  const auto out = std::make_shared<int>(STDOUT_FILENO);
  command->add_option("--out-fd", *out)->check(CLI::NonNegativeNumber);
  command->callback([&chosen, out] {
    chosen = [out](World&) {
      return static_cast<ExitCode>(sandbox::compile_main(STDIN_FILENO, *out));
    };
  });
}

}  // namespace cli
