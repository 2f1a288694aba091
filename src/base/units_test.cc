#include "base/units.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::microseconds;

TEST(Units, ParsesSizes) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("17"), 17U);
  EXPECT_EQ(parse_size("17B"), 17U);
  EXPECT_EQ(parse_size("2KB"), 2000U);
  EXPECT_EQ(parse_size("2MB"), 2'000'000U);
  EXPECT_EQ(parse_size("2GB"), 2'000'000'000U);
  EXPECT_EQ(parse_size("2KiB"), 2048U);
  EXPECT_EQ(parse_size("64MiB"), 64 * kMiB);
  EXPECT_EQ(parse_size("64 MiB"), 64 * kMiB);
  EXPECT_EQ(parse_size("1GiB"), kGiB);
}

TEST(Units, SizesUpToTheLastByte) {
  EXPECT_EQ(parse_size("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_size("17179869183GiB"), 17179869183U * kGiB);
  for (const char* text : {"18446744073709551616", "17179869184GiB", "99999999999999999999999KB"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_NE(size.error().message.find("too large"), std::string::npos) << size.error().message;
  }
}

TEST(Units, RefusesWhatIsNotASize) {
  for (const char* text : {"", "MiB", "-1", "+1", " 1", "1 ", "1  MiB", "1.5MiB", "1mib", "1MiBs",
                           "0x10", "99999999999999999999999XB"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().code, Code::kInvalidArgument);
  }
  EXPECT_EQ(parse_size("1.5MiB").error().message,
            "\"1.5MiB\" is not a size: write digits and B, KB, MB, GB, KiB, MiB or GiB, as in "
            "\"64MiB\"");
}

TEST(Units, ParsesDurations) {
  EXPECT_EQ(parse_duration("2"), microseconds(2'000'000));
  EXPECT_EQ(parse_duration("7us"), microseconds(7));
  EXPECT_EQ(parse_duration("1500ms"), microseconds(1'500'000));
  EXPECT_EQ(parse_duration("2s"), microseconds(2'000'000));
  EXPECT_EQ(parse_duration("3m"), std::chrono::minutes(3));
  EXPECT_EQ(parse_duration("4h"), std::chrono::hours(4));
}

TEST(Units, RefusesWhatIsNotADuration) {
  for (const char* text : {"", "s", "-1s", "1.5s", "1S", "1d", "9223372036854775808us",
                           "9223372036855s", "2562047789h"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, Code::kInvalidArgument);
  }
  EXPECT_EQ(parse_duration("9223372036854775807us"), microseconds::max());
}

TEST(Units, FormatsSizes) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(17), "17 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1 KiB");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(64 * kMiB), "64 MiB");
  EXPECT_EQ(format_size(5000 * kGiB), "5000 GiB");
}

TEST(Units, FormatNeverRoundsUpTo1024) {
  EXPECT_EQ(format_size(kMiB - 1), "1 MiB");
  EXPECT_EQ(format_size(kGiB - 1), "1 GiB");
  EXPECT_EQ(format_duration(microseconds(999'994)), "999.99 ms");
  EXPECT_EQ(format_duration(microseconds(999'996)), "1.00 s");
}

TEST(Units, SpellsDurationsAsTheyAreRead) {
  for (const char* text : {"0s", "7us", "1500ms", "2s", "90s", "3m", "168h", "87600h"}) {
    EXPECT_EQ(spell_duration(*parse_duration(text)), text);
  }
}

TEST(Units, FormatsDurations) {
  EXPECT_EQ(format_duration(microseconds(0)), "0 µs");
  EXPECT_EQ(format_duration(microseconds(12)), "12 µs");
  EXPECT_EQ(format_duration(microseconds(-12)), "-12 µs");
  EXPECT_EQ(format_duration(microseconds(1500)), "1.50 ms");
  EXPECT_EQ(format_duration(microseconds(-1500)), "-1.50 ms");
  EXPECT_EQ(format_duration(microseconds(2'000'000)), "2.00 s");
}

}  // namespace
}  // namespace base
