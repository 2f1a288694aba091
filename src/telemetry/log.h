// The server's own log: one line per event, readable on a terminal, JSON otherwise.
//
// Lines go to standard error. A Log is given to whoever speaks (no global); it is safe on any
// thread. What guests log goes to the journal, not here.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace telemetry {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kAuto, kText, kJson };  // kAuto: text when standard error is a terminal

struct Field {
  std::string_view key;
  std::string value;
};

class Log {
 public:
  explicit Log(Format format = Format::kAuto, Level level = Level::kInfo);
  static Log silent();  // for tests

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const;

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger, bool json);
  void write(Level level, std::string_view message, std::initializer_list<Field> fields) const;

  std::shared_ptr<spdlog::logger> logger_;
  bool json_ = false;
};

}  // namespace telemetry
