// The table of keys: how each is read, and what the manual says of it.
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/ascii.h"
#include "http/address.h"
#include "server/config.h"

namespace server {
namespace {

using base::Result;
using std::chrono::milliseconds;

std::unexpected<base::Error> wrong(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

template <class T>
struct Bounds {
  T least;
  T most;
};

Result<void> read(unsigned& out, std::string_view text, Bounds<unsigned> bounds) {
  unsigned value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < bounds.least ||
      value > bounds.most) {
    return wrong(
        fmt::format("\"{}\" is not a whole number from {} to {}", text, bounds.least, bounds.most));
  }
  out = value;
  return {};
}

Result<void> read(std::uint64_t& out, std::string_view text, Bounds<std::uint64_t> bounds) {
  const Result<std::uint64_t> size = base::parse_size(text);
  if (!size) return base::fail(size.error());
  if (*size < bounds.least || *size > bounds.most) {
    return wrong(fmt::format("\"{}\" is not from {} to {}", text, base::format_size(bounds.least),
                             base::format_size(bounds.most)));
  }
  out = *size;
  return {};
}

template <class Duration>
Result<void> read(Duration& out, std::string_view text, Bounds<Duration> bounds) {
  const Result<std::chrono::microseconds> span = base::parse_duration(text);
  if (!span) return base::fail(span.error());
  const auto rounded = std::chrono::duration_cast<Duration>(*span);
  if (rounded != *span) {
    return wrong(
        fmt::format("\"{}\" is not a whole number of {}", text,
                    std::is_same_v<Duration, std::chrono::hours> ? "hours" : "milliseconds"));
  }
  if (rounded < bounds.least || rounded > bounds.most) {
    return wrong(fmt::format("\"{}\" is not from {} to {}", text,
                             base::spell_duration(bounds.least),
                             base::spell_duration(bounds.most)));
  }
  out = rounded;
  return {};
}

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};

template <class Value, std::size_t n>
Result<void> read(Value& out, std::string_view text, const std::array<Word<Value>, n>& words) {
  std::string known;
  for (const Word<Value>& word : words) {
    if (word.text == text) {
      out = word.value;
      return {};
    }
    known.append(known.empty() ? "" : ", ").append(word.text);
  }
  return wrong(fmt::format("\"{}\" is none of {}", text, known));
}

Result<void> read_address(std::string& out, std::string_view text) {
  if (const auto address = http::parse_address(text); !address) return base::fail(address.error());
  out = text;
  return {};
}

Result<void> read_folder(std::filesystem::path& out, std::string_view text) {
  if (text.empty()) return wrong("is empty: name a folder");
  out = text;
  return {};
}

Result<void> read_database(std::string& out, std::string_view text) {
  if (text.starts_with("postgres://") || text.starts_with("postgresql://")) {
    return wrong("PostgreSQL is not built yet: leave the key out, or say sqlite");
  }
  if (text != "sqlite") return wrong(fmt::format("\"{}\" is not a database: say sqlite", text));
  out = text;
  return {};
}

constexpr std::array kFormats{Word{"auto", telemetry::Format::kAuto},
                              Word{"text", telemetry::Format::kText},
                              Word{"json", telemetry::Format::kJson}};
constexpr std::array kLevels{
    Word{"debug", telemetry::Level::kDebug}, Word{"info", telemetry::Level::kInfo},
    Word{"warn", telemetry::Level::kWarn}, Word{"error", telemetry::Level::kError}};

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

constexpr std::array kKeys{
    Key{"data", "folder", "./roost-data",
        "Everything the server keeps: functions, keys, journal, compiled code. Made when missing.",
        [](Config& c, std::string_view text) { return read_folder(c.data, text); }},
    Key{"listen", "address", "127.0.0.1:9400",
        "Where functions are called. Port 0: the system chooses, and `keys.json` says which.",
        [](Config& c, std::string_view text) { return read_address(c.listen, text); }},
    Key{"admin_listen", "address", "127.0.0.1:9401",
        "Where the server is administrated: deployments, logs, metrics.",
        [](Config& c, std::string_view text) { return read_address(c.admin_listen, text); }},
    Key{"loops", "0 … 1024", "0", "Threads that serve calls; 0: one for each core.",
        [](Config& c, std::string_view text) { return read(c.loops, text, {0, 1024}); }},
    Key{"blocking_threads", "1 … 1024", "16",
        "Threads for what blocks, as the disk does; compilations and backups have two of their "
        "own.",
        [](Config& c, std::string_view text) { return read(c.blocking_threads, text, {1, 1024}); }},
    Key{"database", "sqlite", "sqlite", "Where functions and keys are kept: in the data folder.",
        [](Config& c, std::string_view text) { return read_database(c.database, text); }},
    Key{"log.format", "auto, text, json", "auto",
        "The server's own log, on standard error; auto: text on a terminal, else JSON.",
        [](Config& c, std::string_view text) { return read(c.log.format, text, kFormats); }},
    Key{"log.level", "debug, info, warn, error", "info", "What is not worth a line is left out.",
        [](Config& c, std::string_view text) { return read(c.log.level, text, kLevels); }},
    Key{"limits.max_concurrency", "1 … 100000", "1000",
        "Calls that run at once; see `roost doctor` before raising it.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_concurrency, text, {1, 100'000});
        }},
    Key{"limits.max_concurrency_per_function", "0 … 100000", "0",
        "Of those, calls of one function that has no `concurrency` of its own; 0: all of them.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_concurrency_per_function, text, {0, 100'000});
        }},
    Key{"limits.max_queue", "0 … 1000000", "0",
        "Calls that wait for a place; 0: four times `limits.max_concurrency`.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_queue, text, {0, 1'000'000});
        }},
    Key{"limits.max_queue_wait", "duration", "5s",
        "How long a call waits for a place; then it is answered with 429.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_queue_wait, text, {milliseconds(0), milliseconds(300'000)});
        }},
    Key{"limits.max_module", "size", "10MiB", "The largest module that can be deployed.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_module, text, {8, base::kGiB});
        }},
    Key{"limits.max_body", "size", "6MiB", "The largest body of a request to a function.",
        [](Config& c, std::string_view text) {
          return read(c.limits.max_body, text, {0, base::kGiB});
        }},
    Key{"limits.node_memory", "size", "0",
        "Memory of all running functions together; 0: half of the machine's or the control "
        "group's.",
        [](Config& c, std::string_view text) {
          return read(c.limits.node_memory, text, {0, kMost});
        }},
    Key{"limits.drain_grace", "duration", "30s",
        "After SIGTERM: how long calls under way may still take.",
        [](Config& c, std::string_view text) {
          return read(c.limits.drain_grace, text, {milliseconds(0), milliseconds(3'600'000)});
        }},
    Key{"journal.max_bytes", "size", "1GiB",
        "The oldest invocations are forgotten past this much disk.",
        [](Config& c, std::string_view text) {
          return read(c.journal.max_bytes, text, {base::kMiB, kMost});
        }},
    Key{"journal.max_age", "duration", "168h",
        "The oldest invocations are forgotten past this age, once the clock has said so for some "
        "minutes.",
        [](Config& c, std::string_view text) {
          return read(c.journal.max_age, text, {std::chrono::hours(1), std::chrono::hours(87'600)});
        }},
    Key{"events.max_running", "number", "1024", "Runs of events and schedules at once.",
        [](Config& c, std::string_view text) {
          return read(c.events.max_running, text, {1, 100'000});
        }},
    Key{"events.lease", "duration", "10s",
        "How long a server that was killed or stands still holds back the events that it had "
        "begun.",
        [](Config& c, std::string_view text) {
          return read(c.events.lease, text, {milliseconds(200), milliseconds(600'000)});
        }},
    Key{"events.keep_delivered", "duration", "0s",
        "How long a delivered event can still be seen and redelivered; 0: it is gone at once.",
        [](Config& c, std::string_view text) {
          return read(c.events.keep_delivered, text,
                      {milliseconds(0), milliseconds(std::chrono::hours(24 * 365))});
        }},
};

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::string flag_of(const Key& key) {
  std::string flag = "--";
  for (const char c : key.path) flag += c == '.' || c == '_' ? '-' : c;
  return flag;
}

std::string variable_of(const Key& key) {
  std::string variable = "ROOST_";
  for (const char c : key.path) variable += c == '.' ? '_' : base::to_upper(c);
  return variable;
}

}  // namespace server
