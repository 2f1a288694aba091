// Roost's cron against croner's, over random patterns, zones and years; and, in one table, where
// they differ on purpose.
#include "cron/croner.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "cron/random_pattern.h"
#include "triggers/cron_pattern.h"
#include "triggers/cron_test.h"

namespace cron {
namespace {

using triggers::utc;

// Zones whose past is settled, so that Node's time zone database and the machine's agree.
constexpr std::array kZones{
    "UTC",           "Europe/Berlin",      "Europe/London",       "Europe/Dublin",
    "Europe/Lisbon", "America/New_York",   "America/Los_Angeles", "America/St_Johns",
    "Asia/Kolkata",  "Asia/Kathmandu",     "Asia/Tokyo",          "Australia/Sydney",
    "Asia/Tehran",   "Pacific/Auckland",   "Australia/Lord_Howe", "Pacific/Chatham",
    "Africa/Lagos",  "Africa/Johannesburg"};

// Brief and with fixed seeds in ctest; ROOST_SOAK says how many times as long, then with new seeds,
// which are printed and which ROOST_SOAK_SEED repeats.
int soak_factor() {
  const char* const factor = std::getenv("ROOST_SOAK");
  return factor == nullptr ? 0 : std::atoi(factor);
}

int soak_size(int usual) { return usual * std::max(soak_factor(), 1); }

std::vector<std::uint64_t> soak_seeds(std::vector<std::uint64_t> fixed) {
  if (soak_factor() == 0) return fixed;
  const char* const given = std::getenv("ROOST_SOAK_SEED");
  std::uint64_t seed =
      given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "seeds from " << seed << " on\n";
  for (std::uint64_t& each : fixed) each = seed++;
  return fixed;
}

std::chrono::sys_seconds random_time(RandomPattern& random, const std::string& zone_name) {
  const auto at = utc("1975-01-01") + std::chrono::days{random.below(366 * 125)} +
                  std::chrono::seconds{random.below(86'400)};
  if (random.below(2) == 0) return at;
  // Near a change of the clock, where there is one.
  const auto change = triggers::Zone::find(zone_name)->period_at(at).end;
  return change == triggers::kLatest ? at : change - std::chrono::seconds{random.below(30'000)};
}

// "2026-07-05 00:00:00, none"
std::string readable(const Answer& answer) {
  std::istringstream words(answer);
  std::string text;
  for (std::string word; words >> word;) {
    if (!text.empty()) text += ", ";
    const bool is_time = word.find_first_not_of("-0123456789") == std::string::npos;
    text +=
        is_time
            ? triggers::text_of(std::chrono::sys_seconds{std::chrono::seconds{std::stoll(word)}})
            : word;
  }
  return text;
}

// Croner's years go on after 2199, where Roost's end.
Answer until_2199(const Answer& answer, const std::string& zone_name) {
  const auto last = utc("2199-12-31 23:59:59");
  const auto end =
      last.time_since_epoch() - triggers::Zone::find(zone_name)->period_at(last).offset;
  std::istringstream words(answer);
  Answer kept;
  for (std::string word; words >> word;) {
    if (!kept.empty()) kept += ' ';
    const bool is_time = word != "none" && word != "error";
    if (is_time && std::stoll(word) > end.count()) return kept + "none";
    kept += word;
  }
  return kept;
}

std::string describe(const Question& question) {
  return "`" + question.pattern + "` in " + question.zone + " after " +
         triggers::text_of(question.after);
}

TEST(Croner, AgreesOnValidPatterns) {
  const int size = soak_size(1000);
  for (const std::uint64_t seed : soak_seeds({1, 2, 3})) {
    RandomPattern random(seed);
    std::vector<Question> questions;
    for (int i = 0; i < size; ++i) {
      const std::string zone = kZones[random.below(kZones.size())];
      questions.push_back({random.valid(), zone, random_time(random, zone), 4});
    }
    const auto answers = ask_croner(questions);
    ASSERT_EQ(answers.size(), questions.size()) << "node did not run; see scripts/setup";
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Answer ours = ask_roost(questions[i]);
      EXPECT_NE(ours, "error") << describe(questions[i]);
      EXPECT_EQ(readable(ours), readable(until_2199(answers[i], questions[i].zone)))
          << describe(questions[i]);
    }
  }
}

// Each thing on which Roost answers otherwise than croner, and why; all else must be the same.
struct Difference {
  std::string_view why;
  std::string_view pattern;
  std::string_view zone;
  std::string_view after;
  std::string_view ours;
  std::string_view croners;
};

constexpr Difference kDifferences[] = {
    {"a range from a day to itself is that day", "0 0 * * SUN-SUN", "UTC", "2026-07-01",
     "2026-07-05 00:00:00, 2026-07-12 00:00:00", "2026-07-02 00:00:00, 2026-07-03 00:00:00"},
    {"OCPS 1.0, 5.1: a step longer than its range leaves the first value", "*/100 0 * * *", "UTC",
     "2026-07-01", "2026-07-02 00:00:00, 2026-07-03 00:00:00", "error"},
    {"OCPS 1.0, 6.2: a value outside the field is an error, reached by the step or not",
     "13-63/27 0 * * *", "UTC", "2026-07-01", "error", "2026-07-01 00:13:00, 2026-07-01 00:40:00"},
    {"OCPS 1.0, 6.1: only a lone star does not restrict the days", "0 0 *,L * MON", "UTC",
     "2026-07-01", "2026-07-02 00:00:00, 2026-07-03 00:00:00",
     "2026-07-06 00:00:00, 2026-07-13 00:00:00"},
    {"OCPS 1.1, 4.1: nicknames are in lower case", "@Daily", "UTC", "2026-07-01", "error",
     "2026-07-02 00:00:00, 2026-07-03 00:00:00"},
    {"OCPS 1.2, 4.2: a star in years begins at 1970", "0 0 0 1 1 * */7", "UTC", "2026-07-01",
     "2033-01-01 00:00:00, 2040-01-01 00:00:00", "2030-01-01 00:00:00, 2037-01-01 00:00:00"},
    {"OCPS 1.2, 4.2: years end with 2199", "0 0 0 1 1 * 2200", "UTC", "2026-07-01", "error",
     "2200-01-01 00:00:00, none"},
    {"OCPS 1.4, 4.3.2: nothing is looked for after 2199", "0 0 1 1 *", "UTC", "2198-07-01",
     "2199-01-01 00:00:00, none", "2199-01-01 00:00:00, 2200-01-01 00:00:00"},
    {"OCPS 1.3, 4: L is in upper case", "0 0 l * *", "UTC", "2026-07-01", "error",
     "2026-07-31 00:00:00, 2026-08-31 00:00:00"},
    {"OCPS 1.3, 4: W is in upper case", "0 0 15w * *", "UTC", "2026-07-01", "error",
     "2026-07-15 00:00:00, 2026-08-14 00:00:00"},
    {"OCPS 1.3, 4.2: # follows one day", "0 0 * * MON-WED#1", "UTC", "2026-07-01", "error",
     "2026-07-06 00:00:00, 2026-07-07 00:00:00"},
    {"OCPS 1.3, 4.3: W is in no list", "0 0 1W,15W * *", "UTC", "2026-07-01", "error",
     "2026-07-15 00:00:00, 2026-08-03 00:00:00"},
    {"OCPS 1.4, 4.2: ? is an error but in the fields of days", "0 ? * * *", "UTC", "2026-07-01",
     "error", "2026-07-01 01:00:00, 2026-07-01 02:00:00"},
    {"a gap of a whole day runs what it leaves out, as any gap (Samoa, 30 December 2011)",
     "0 12 * * *", "Pacific/Apia", "2011-12-29", "2011-12-29 22:00:00, 2011-12-30 10:00:00",
     "2011-12-29 22:00:00, 2011-12-30 22:00:00"},
};

TEST(Croner, DiffersWhereItIsMeantTo) {
  std::vector<Question> questions;
  for (const Difference& difference : kDifferences) {
    questions.push_back(
        {std::string(difference.pattern), std::string(difference.zone), utc(difference.after), 2});
  }
  const auto answers = ask_croner(questions);
  ASSERT_EQ(answers.size(), questions.size()) << "node did not run; see scripts/setup";
  for (std::size_t i = 0; i < questions.size(); ++i) {
    EXPECT_EQ(readable(ask_roost(questions[i])), kDifferences[i].ours) << kDifferences[i].why;
    EXPECT_EQ(readable(answers[i]), kDifferences[i].croners) << kDifferences[i].why;
  }
}

// Croner refuses steps above the number of a field's values.
bool has_long_step(const std::string& pattern) {
  constexpr std::array kValues{60, 60, 24, 31, 12, 7, 10'000};
  std::istringstream fields(pattern);
  const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (auto at = words[i].find('/'); at != std::string::npos; at = words[i].find('/', at + 1)) {
      if (std::stoi(words[i].substr(at + 1)) > kValues[i + (words.size() == 5 ? 1 : 0)])
        return true;
    }
  }
  return false;
}

// Whether a pattern that the two take differently is one of the differences above, by what of it is
// in the pattern or in Roost's message.
bool is_meant(const std::string& pattern, const Answer& croners) {
  const auto has = [](std::string_view text, const char* what) {
    return std::regex_search(text.begin(), text.end(), std::regex(what, std::regex::icase));
  };
  const auto parsed = triggers::CronPattern::parse(pattern);
  if (parsed) {
    return croners == "error" ? has_long_step(pattern)
                              : has(pattern, "SUN-SUN|[*]/[0-9]+$| L,[*?] | [*?],L ");
  }
  const std::string& message = parsed.error().message;
  return has(message,
             "nickname is unknown|'[?]' stands alone|is written '[LW]'|a day with W stands alone|"
             "follows a single day|is below 1970|is above 2199") ||
         (has(message, "is above|'[#L]' does not fit") && has(pattern, "/")) ||
         (has(message, "after # stands 1-5 or L|[a-z]{3}l is no day of week") &&
          pattern.find('l') != std::string::npos);
}

TEST(Croner, TakesAndRefusesTheSame) {
  const int size = soak_size(6000);
  for (const std::uint64_t seed : soak_seeds({4})) {
    RandomPattern random(seed);
    std::vector<Question> questions;
    for (int i = 0; i < size; ++i) {
      questions.push_back({random.doubtful(), "UTC", utc("2026-07-04 05:06:07"), 2});
    }
    const auto answers = ask_croner(questions);
    ASSERT_EQ(answers.size(), questions.size()) << "node did not run; see scripts/setup";
    int refused = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Answer ours = ask_roost(questions[i]);
      const Answer croners = until_2199(answers[i], "UTC");
      refused += ours == "error" ? 1 : 0;
      if (ours == croners) continue;
      EXPECT_TRUE(is_meant(questions[i].pattern, croners))
          << describe(questions[i]) << "\n  roost  " << readable(ours) << "\n  croner "
          << readable(croners);
    }
    EXPECT_GT(refused, size / 4);
  }
}

}  // namespace
}  // namespace cron
