#include "sandbox/program_cache.h"

#include <atomic>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace sandbox {
namespace {

base::Sha256 key(int number) { return base::sha256(std::to_string(number)); }

// The cache never looks into a program: an aliasing pointer to nothing does.
ProgramPtr program() {
  static const char kSomething = 0;
  return {std::shared_ptr<void>(), reinterpret_cast<const Program*>(&kSomething)};
}

TEST(ProgramCache, FindsWhatWasInserted) {
  ProgramCache cache(2);
  EXPECT_EQ(cache.find(key(1)), nullptr);
  cache.insert(key(1), program());
  EXPECT_NE(cache.find(key(1)), nullptr);
  cache.insert(key(1), program());
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ProgramCache, LeastRecentlyCalledLeaves) {
  ProgramCache cache(2);
  cache.insert(key(1), program());
  cache.insert(key(2), program());
  EXPECT_NE(cache.find(key(1)), nullptr);
  cache.insert(key(3), program());
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_NE(cache.find(key(3)), nullptr);
  EXPECT_NE(cache.find(key(1)), nullptr);
  EXPECT_EQ(cache.find(key(2)), nullptr);
}

TEST(ProgramCache, ReadersAndWritersAtOnce) {
  ProgramCache cache(8);
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) {
      for (int i = 0; i < 16; ++i) {
        const ProgramPtr found = cache.find(key(i));
        EXPECT_TRUE(found == nullptr || found == program());
      }
    }
  });
  for (int i = 0; i < 2000; ++i) cache.insert(key(i % 16), program());
  stop = true;
  reader.join();
  EXPECT_EQ(cache.size(), 8U);
}

}  // namespace
}  // namespace sandbox
