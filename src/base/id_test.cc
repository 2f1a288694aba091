#include "base/id.h"

#include <cstdint>
#include <mutex>
#include <regex>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

namespace base {
namespace {

using Time = std::chrono::system_clock::time_point;

TEST(Id, UuidIsVersion7OfItsTime) {
  // The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22 at UTC-5.
  const std::string id = make_uuid(Time(std::chrono::milliseconds(0x017F22E279B0)));
  EXPECT_EQ(id.substr(0, 13), "017f22e2-79b0");
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 300; ++i) {
    const std::string made = make_uuid();
    EXPECT_TRUE(std::regex_match(made, form)) << made;
  }
}

TEST(Id, UuidsSortByMillisecond) {
  const Time start{std::chrono::milliseconds(0x017F22E279FF)};
  EXPECT_LT(make_uuid(start), make_uuid(start + std::chrono::milliseconds(1)));
  EXPECT_EQ(make_uuid(start).substr(0, 13),
            make_uuid(start + std::chrono::microseconds(999)).substr(0, 13));
}

TEST(Id, UuidsOfManyThreadsAreUnique) {
  const Time same{std::chrono::milliseconds(1)};
  std::mutex mutex;
  std::set<std::string> all;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      std::vector<std::string> mine;
      for (int i = 0; i < 1000; ++i) mine.push_back(make_uuid(same));
      const std::lock_guard lock(mutex);
      all.insert(mine.begin(), mine.end());
    });
  }
  threads.clear();
  EXPECT_EQ(all.size(), 4000U);
}

TEST(Id, StrongIdsCompareByValueAndDoNotMix) {
  using First = StrongId<struct FirstTag, std::int64_t>;
  using Second = StrongId<struct SecondTag, std::int64_t>;
  EXPECT_EQ(First(3), First(3));
  EXPECT_LT(First(2), First(3));
  EXPECT_EQ(First().value(), 0);
  static_assert(!std::is_convertible_v<First, Second> && !std::is_constructible_v<First, Second>);
  static_assert(!std::is_convertible_v<std::int64_t, First>);
}

}  // namespace
}  // namespace base
