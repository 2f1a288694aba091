// A line in JSON:  {"ts":"2026-01-31T12:00:00.000Z","level":"info","msg":"listening","port":"9400"}
// A line in text:  2026-01-31 12:00:00.000 info    listening port=9400
#include "telemetry/log.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "base/encoding.h"

namespace telemetry {
namespace {

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kInfo:
      break;
  }
  return "info";
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kInfo:
      break;
  }
  return spdlog::level::info;
}

bool wants_json(Format format) {
  if (format == Format::kAuto) return isatty(STDERR_FILENO) == 0;
  return format == Format::kJson;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, Level level) {
  auto logger = std::make_shared<spdlog::logger>("roost", std::move(sink));
  logger->set_level(spdlog_level(level));
  return logger;
}

// The time is spdlog's, in UTC; `%v` is the rest of the object, made by json_payload.
std::shared_ptr<spdlog::logger> json_logger(Level level) {
  auto logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", spdlog::pattern_time_type::utc));
  return logger;
}

std::shared_ptr<spdlog::logger> text_logger(Level level) {
  auto logger = make_logger(std::make_shared<spdlog::sinks::stderr_color_sink_mt>(), level);
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  return logger;
}

std::string json_payload(Level level, std::string_view message,
                         std::initializer_list<Field> fields) {
  std::string out = R"("level":")";
  out.append(name_of(level)).append(R"(","msg":)");
  base::append_json_string(out, message);
  for (const Field& field : fields) {
    out.push_back(',');
    base::append_json_string(out, field.key);
    out.push_back(':');
    base::append_json_string(out, field.value);
  }
  out.push_back('}');
  return out;
}

bool is_control(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte < 0x20 || byte == 0x7F;
}

// Text that would break the line, or move the terminal's cursor, is quoted.
void append_message(std::string& out, std::string_view message) {
  if (std::ranges::any_of(message, is_control)) {
    base::append_json_string(out, message);
  } else {
    out.append(message);
  }
}

void append_value(std::string& out, std::string_view value) {
  const auto needs_quotes = [](char c) {
    return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\';
  };
  if (value.empty() || std::ranges::any_of(value, needs_quotes)) {
    base::append_json_string(out, value);
  } else {
    out.append(value);
  }
}

std::string text_payload(std::string_view message, std::initializer_list<Field> fields) {
  std::string out;
  append_message(out, message);
  for (const Field& field : fields) {
    out.push_back(' ');
    out.append(field.key).push_back('=');
    append_value(out, field.value);
  }
  return out;
}

}  // namespace

Log::Log(Format format, Level level)
    : logger_(wants_json(format) ? json_logger(level) : text_logger(level)),
      json_(wants_json(format)) {}

Log::Log(std::shared_ptr<spdlog::logger> logger, bool json)
    : logger_(std::move(logger)), json_(json) {}

Log Log::silent() {
  auto logger = make_logger(std::make_shared<spdlog::sinks::null_sink_mt>(), Level::kError);
  logger->set_level(spdlog::level::off);
  return Log(std::move(logger), false);
}

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
  const spdlog::level::level_enum native = spdlog_level(level);
  if (!logger_->should_log(native)) return;
  const std::string payload =
      json_ ? json_payload(level, message, fields) : text_payload(message, fields);
  logger_->log(native, spdlog::string_view_t(payload.data(), payload.size()));
}

void Log::debug(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::kDebug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::kInfo, message, fields);
}
void Log::warn(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::kWarn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::kError, message, fields);
}

}  // namespace telemetry
