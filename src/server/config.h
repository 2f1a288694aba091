// The configuration of `roost serve`: one struct of structs, whose comments are the manual
// (docs/configuration.md is its table).
//
//   defaults < roost.toml < environment < flags
//
// One table of keys drives all three: the key `limits.max_body` is `max_body` in `[limits]` of
// roost.toml, the variable ROOST_LIMITS_MAX_BODY and the flag --limits-max-body. Values; safe on
// any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "telemetry/log.h"

namespace server {

struct LogConfig {
  // text for people, json for machines; auto: text when standard error is a terminal.
  telemetry::Format format = telemetry::Format::kAuto;
  telemetry::Level level = telemetry::Level::kInfo;

  bool operator==(const LogConfig&) const = default;
};

struct LimitsConfig {
  // Calls that run at once on this node. Each is about five mappings of vm.max_map_count, 65530 on
  // most machines: `roost doctor` compares the two.
  std::uint32_t max_concurrency = 1000;
  // Of those, calls of one function, where it says nothing itself; 0: as many as of all together.
  std::uint32_t max_concurrency_per_function = 0;
  // Calls that wait for a place; read_config makes 0 four times max_concurrency.
  std::uint32_t max_queue = 0;
  // How long a call waits for a place before it is answered with 429.
  std::chrono::milliseconds max_queue_wait{5'000};
  // The largest module that is deployed.
  std::uint64_t max_module = 10 * base::kMiB;
  // The largest body of a request to a function.
  std::uint64_t max_body = 6 * base::kMiB;
  // Memory for all running functions together; 0: half of the machine's or of its control group's.
  std::uint64_t node_memory = 0;
  // After SIGTERM: how long calls under way may still take.
  std::chrono::milliseconds drain_grace{30'000};

  bool operator==(const LimitsConfig&) const = default;
};

struct JournalConfig {
  // The oldest invocations are forgotten past this much disk …
  std::uint64_t max_bytes = base::kGiB;
  // … or past this age, whichever comes first.
  std::chrono::hours max_age{7 * 24};

  bool operator==(const JournalConfig&) const = default;
};

struct EventsConfig {
  // Runs of events and schedules at once.
  std::uint32_t max_running = 1024;
  // How long a server that was killed or stands still holds back the events that it had begun.
  std::chrono::milliseconds lease{10'000};
  // How long a delivered event can still be seen and redelivered; 0: it is gone at once.
  std::chrono::milliseconds keep_delivered{0};

  bool operator==(const EventsConfig&) const = default;
};

struct Config {
  // Everything the server keeps: functions, keys, journal, compiled code. Made when missing.
  std::filesystem::path data = "./roost-data";
  // Where functions are called. Port 0: the system chooses; keys.json says which.
  std::string listen = "127.0.0.1:9400";
  // Where the server is administrated: deployments, logs, metrics.
  std::string admin_listen = "127.0.0.1:9401";
  // Threads that serve calls; 0: one for each core.
  unsigned loops = 0;
  // Threads for what blocks, as the disk does; compilations and backups have two of their own.
  unsigned blocking_threads = 16;
  // `sqlite`: files in the data folder.
  std::string database = "sqlite";
  LogConfig log;
  LimitsConfig limits;
  JournalConfig journal;
  EventsConfig events;

  // ROOST_MASTER_KEY, from the environment only: what seals the signing keys. When it is there,
  // `master.key` is neither read nor written.
  std::optional<std::string> master_key;

  bool operator==(const Config&) const = default;
};

struct Key {
  std::string_view path;      // "limits.max_body"
  std::string_view type;      // "size", for people
  std::string_view standard;  // the default, as it could be written
  std::string_view about;
  base::Result<void> (*set)(Config& config, std::string_view text);
};

std::span<const Key> keys();
std::string flag_of(const Key& key);      // "--limits-max-body"
std::string variable_of(const Key& key);  // "ROOST_LIMITS_MAX_BODY"

struct Sources {
  std::map<std::string, std::string, std::less<>> flags;        // by the key's path
  std::map<std::string, std::string, std::less<>> environment;  // all of the process's
  std::optional<std::filesystem::path>
      file;  // --config; else ROOST_CONFIG, else roost.toml in data
};

// Reads the file, so it blocks. kInvalidArgument says where (file and line, variable or flag),
// which key and what fits; kStorage when the file cannot be read. An unknown key is refused; so is
// an unknown ROOST_ variable that is nearly a known one, while others may belong to other programs.
base::Result<Config> read_config(const Sources& sources);

}  // namespace server
