#include "host/guest_log.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "host/functions.h"

namespace host {
namespace {

const telemetry::Redactor kNothingSecret;

// A call that logs `message`, and its lines.
std::vector<std::string> log_through_a_call(const std::string& message,
                                            const Environment& environment) {
  std::array<std::uint8_t, 256> bytes{};
  const GuestMemory memory(bytes);
  EXPECT_TRUE(memory.write(0, message));
  const Event event;
  const auth::Principal principal = auth::Principal::anonymous();
  const auto redactor = telemetry::Redactor::of_environment(environment);
  Call call(event, principal, environment, redactor, Quota{.log_bytes = 1024});
  EXPECT_TRUE(log(call, memory, 1, 0, static_cast<std::uint32_t>(message.size())));
  return call.log.take();
}

TEST(HostLog, WritesLine) {
  EXPECT_EQ(log_through_a_call("Test message", {}),
            std::vector<std::string>{"[Function] Test message"});
}

TEST(HostLog, SecretsRedacted) {
  const Environment environment{{"API_KEY", "s3cr3t-value"}, {"PLACE", "Berlin"}};
  EXPECT_EQ(log_through_a_call("Berlin s3cr3t-value", environment),
            std::vector<std::string>{"[Function] Berlin ***REDACTED***"});
}

TEST(GuestLog, ControlCharactersCannotForgeALine) {
  GuestLog log(1024, kNothingSecret);
  log.line("one\ntwo\r\x1b[31m\ttab");
  EXPECT_EQ(log.take(), std::vector<std::string>{"one\\ntwo\\x0d\\x1b[31m\ttab"});
}

TEST(GuestLog, RunGoesOnPastTheLimit) {
  GuestLog log(100, kNothingSecret);
  for (int i = 0; i < 50; ++i) log.line("0123456789");
  log.stream("more\n");
  log.finish();
  const auto lines = log.take();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[2], "0123456789");
  EXPECT_EQ(lines[3], "[log truncated: it passed its limit of 100 B]");
}

TEST(GuestLog, EmptyLinesAreNotFree) {
  GuestLog log(1000, kNothingSecret);
  for (int i = 0; i < 1'000'000; ++i) log.line("");
  EXPECT_LT(log.lines().size(), 100U);
}

TEST(GuestLog, LongLinesAreSplitBetweenCharacters) {
  GuestLog log(1 << 20, kNothingSecret);
  std::string text(GuestLog::kMaxLine - 1, 'a');
  text += "\xc3\xa4zz";  // ä: its second byte is the first past the limit
  log.line(text);
  const auto lines = log.take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], std::string(GuestLog::kMaxLine - 1, 'a'));
  EXPECT_EQ(lines[1], "\xc3\xa4zz");
}

// A secret across the cut is gone before the cut is made.
TEST(GuestLog, RedactsBeforeItSplits) {
  const telemetry::Redactor redactor(std::vector<std::string>{"s3cr3t-value"});
  GuestLog log(1 << 20, redactor);
  log.line(std::string(GuestLog::kMaxLine - 6, 'a') + "s3cr3t-value" + std::string(100, 'b'));
  log.stream("s3cr3t-");
  log.stream("value\n");
  for (const std::string& line : log.take()) {
    EXPECT_EQ(line.find("s3cr3t"), std::string::npos);
    EXPECT_EQ(line.find("-value"), std::string::npos);
  }
}

TEST(GuestLog, StreamsAreLinesInTheirPlace) {
  GuestLog log(1024, kNothingSecret);
  log.stream("one\ntw");
  log.line("between");
  log.stream("o\n\nrest");
  log.finish();
  log.finish();
  EXPECT_EQ(log.take(), (std::vector<std::string>{"one", "between", "two", "", "rest"}));
}

TEST(GuestLog, SecretsOfSeveralLinesAreRedactedInAStream) {
  const telemetry::Redactor redactor(std::vector<std::string>{"-----BEGIN\nabcdef\nEND-----"});
  GuestLog log(1024, redactor);
  log.stream("key: -----BEGIN\n");
  log.stream("abcdef\n");
  log.stream("END-----\nnext\n");
  log.finish();
  EXPECT_EQ(log.take(), (std::vector<std::string>{"key: ***REDACTED***", "next"}));
}

// What does not fit is neither copied whole nor cut through a secret that then shows in part.
TEST(GuestLog, TextsPastTheLimitLeaveNoPartOfASecret) {
  const std::string secret = "s3cr3t-" + std::string(60'000, 'x');
  const telemetry::Redactor redactor(std::vector<std::string>{secret});
  std::string text = "begin ";
  while (text.size() < 600'000) text += secret;
  for (const bool streamed : {false, true}) {
    GuestLog log(100'000, redactor);
    if (streamed) {
      for (std::size_t at = 0; at < text.size(); at += 1000) log.stream(text.substr(at, 1000));
    } else {
      log.line(text);
    }
    log.finish();
    const auto lines = log.take();
    ASSERT_FALSE(lines.empty());
    EXPECT_NE(lines.back().find("[log truncated"), std::string::npos);
    for (const std::string& line : lines) EXPECT_EQ(line.find("xx"), std::string::npos);
  }
}

TEST(GuestLog, TheHostsPrefixIsNotTheGuests) {
  GuestLog log(1024, kNothingSecret);
  log.line("a\xc2\x9b", "[Function] ");
  EXPECT_EQ(log.take(), std::vector<std::string>{"[Function] a\\x9b"});
}

}  // namespace
}  // namespace host
