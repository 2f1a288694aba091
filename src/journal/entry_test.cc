#include "journal/entry.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace journal {
namespace {

using namespace std::chrono_literals;

const std::string kGood =
    R"({"id":"i","function":"f","version":1,"trigger":"http","status":"success","duration_us":1,)"
    R"("cpu_us":2,"peak_memory_bytes":3,"error":null,"user_id":null,)"
    R"("time":"2024-02-29T23:59:58.007Z","lines":[]})";

std::string with(std::string_view from, std::string_view to) {
  std::string text = kGood;
  return text.replace(text.find(from), from.size(), to);
}

TEST(JournalEntry, IsOneLineOfTheDocumentedKeys) {
  const Entry entry{.id = "0192",
                    .function = "he\"llo",
                    .version = 3,
                    .trigger = "http",
                    .status = Status::kMemoryExceeded,
                    .duration = 1500us,
                    .cpu = 700us,
                    .peak_memory_bytes = 67'108'864,
                    .error = "MEMORY_LIMIT: a\nb",
                    .user_id = "user-1",
                    .time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 5h + 7ms,
                    .lines = {"[Function] a", "[Function] \xff"}};
  EXPECT_EQ(to_json(entry),
            R"({"id":"0192","function":"he\"llo","version":3,"trigger":"http",)"
            R"("status":"memory_exceeded","duration_us":1500,"cpu_us":700,)"
            R"("peak_memory_bytes":67108864,"error":"MEMORY_LIMIT: a\nb","user_id":"user-1",)"
            R"("time":"2026-11-23T05:00:00.007Z","lines":["[Function] a","[Function] )"
            "\xEF\xBF\xBD\"]}");
}

TEST(JournalEntry, ReadsBackWhatItWrote) {
  Entry entry{.id = "x",
              .function = "f",
              .version = std::numeric_limits<int>::max(),
              .trigger = "schedule",
              .peak_memory_bytes = std::numeric_limits<std::uint64_t>::max(),
              .time = std::chrono::sys_days(std::chrono::year(1969) / 12 / 31) + 23h + 59ms,
              .lines = {"", "line\twith\\all \"of it\"", "Grüße"}};
  for (const char* const status : {"success", "error", "timeout", "memory_exceeded", "cpu_limit"}) {
    entry.status = *status_named(status);
    EXPECT_EQ(name_of(entry.status), status);
    const auto read = parse_entry(to_json(entry));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(*read), to_json(entry));
    EXPECT_EQ(read->time, entry.time);
    EXPECT_EQ(read->peak_memory_bytes, entry.peak_memory_bytes);
    EXPECT_TRUE(read->error.empty());
    EXPECT_TRUE(read->user_id.empty());
  }
  EXPECT_FALSE(status_named("SUCCESS"));
}

TEST(JournalEntry, RefusesWhatIsNotAnEntry) {
  ASSERT_TRUE(parse_entry(kGood));
  const std::string bad[] = {
      "",
      "null",
      "[]",
      "{}",
      kGood.substr(0, kGood.size() - 1),
      kGood + kGood,
      with(R"("id":"i")", R"("id":1)"),
      with(R"("id":"i")", R"("name":"i")"),
      with(R"("id":"i")", R"("id":"i","more":1)"),
      with(R"("version":1)", R"("version":4294967296)"),
      with(R"("version":1)", R"("version":1.5)"),
      with(R"("peak_memory_bytes":3)", R"("peak_memory_bytes":-3)"),
      with("success", "fine"),
      with(R"("error":null)", R"("error":7)"),
      with(R"("user_id":null)", R"("user_id":false)"),
      with("[]", "[1]"),
      with("[]", "null"),
      with("2024-02-29", "2023-02-29"),
      with("2024-02-29", "4052-02-29"),
      with("2024-02-29", "1676-02-29"),
      with("23:59:58", "24:59:58"),
      with("23:59:58", "23:60:58"),
      with("23:59:58", "23:59:60"),
      with("2024-02-29T", "2024-02-29 "),
      with(".007Z", ".007"),
      with(".007Z", ".00aZ"),
  };
  for (const std::string& text : bad) {
    const auto entry = parse_entry(text);
    ASSERT_FALSE(entry) << text;
    EXPECT_EQ(entry.error().code, base::Code::kStorage);
  }
}

}  // namespace
}  // namespace journal
