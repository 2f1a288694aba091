#include "telemetry/log.h"

#include <algorithm>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace telemetry {
namespace {

// What `speak` writes to standard error.
template <class Speak>
std::string written_by(Format format, Level level, const Speak& speak) {
  testing::internal::CaptureStderr();
  speak(Log(format, level));
  return testing::internal::GetCapturedStderr();
}

TEST(Log, JsonIsOneObjectPerLine) {
  const std::string line = written_by(Format::kJson, Level::kInfo, [](const Log& log) {
    log.info("listening", {{"port", "9400"}, {"host", "127.0.0.1"}});
  });
  const std::regex form(
      R"re(\{"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"info","msg":"listening","port":"9400","host":"127.0.0.1"\}\n)re");
  EXPECT_TRUE(std::regex_match(line, form)) << line;
}

TEST(Log, JsonEscapesWhateverIsSaid) {
  const std::string line = written_by(Format::kJson, Level::kInfo, [](const Log& log) {
    log.error("two\nlines \"quoted\" {} %v", {{"k\"", "\xff\x1b[2J"}});
  });
  EXPECT_NE(line.find(R"("level":"error","msg":"two\nlines \"quoted\" {} %v","k\"":")"
                      "\xEF\xBF\xBD"
                      R"(\u001b[2J"})"),
            std::string::npos)
      << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, AutoIsJsonWhereStandardErrorIsNoTerminal) {
  const std::string line =
      written_by(Format::kAuto, Level::kInfo, [](const Log& log) { log.info("hello"); });
  EXPECT_EQ(line.rfind("{\"ts\":", 0), 0U) << line;
}

TEST(Log, TextReadsAsAPerson) {
  const std::string line = written_by(Format::kText, Level::kInfo, [](const Log& log) {
    log.warn("slow disk", {{"path", "/data"}, {"took", "3 s"}, {"none", ""}});
  });
  const std::regex form(
      R"re(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning slow disk path=/data took="3 s" none=""\n)re");
  EXPECT_TRUE(std::regex_match(line, form)) << line;
}

TEST(Log, TextCannotBreakTheLineOrMoveTheCursor) {
  const std::string line = written_by(Format::kText, Level::kInfo, [](const Log& log) {
    log.info("a\nb", {{"k", "c\nd"}, {"e", "\x1b[2J"}, {"q", "a\"b=c"}});
  });
  EXPECT_NE(line.find(R"("a\nb" k="c\nd" e="\u001b[2J" q="a\"b=c")"), std::string::npos) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, LevelsBelowTheThresholdAreSilent) {
  const auto speak_all = [](const Log& log) {
    log.debug("one");
    log.info("two");
    log.warn("three");
    log.error("four");
  };
  const std::string warnings = written_by(Format::kJson, Level::kWarn, speak_all);
  EXPECT_EQ(warnings.find("two"), std::string::npos);
  EXPECT_NE(warnings.find("\"level\":\"warn\",\"msg\":\"three\""), std::string::npos);
  EXPECT_NE(warnings.find("four"), std::string::npos);
  const std::string all = written_by(Format::kJson, Level::kDebug, speak_all);
  EXPECT_NE(all.find("\"level\":\"debug\",\"msg\":\"one\""), std::string::npos);
  const std::string errors = written_by(Format::kText, Level::kError, speak_all);
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1);
}

TEST(Log, SilentSaysNothing) {
  testing::internal::CaptureStderr();
  Log::silent().error("nobody hears this");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Log, LinesOfManyThreadsStayWhole) {
  const std::string all = written_by(Format::kJson, Level::kInfo, [](const Log& log) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) log.info("line", {{"text", std::string(100, 'x')}});
      });
    }
  });
  const std::regex form(R"re(\{"ts":"[^"]*","level":"info","msg":"line","text":"x{100}"\})re");
  std::size_t lines = 0;
  for (std::size_t at = 0; at < all.size(); ++lines) {
    const std::size_t end = all.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_TRUE(std::regex_match(all.substr(at, end - at), form)) << all.substr(at, end - at);
    at = end + 1;
  }
  EXPECT_EQ(lines, 400U);
}

}  // namespace
}  // namespace telemetry
