#include "cli/heap.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cli {
namespace {

#ifndef ROOST_SANITIZED
constexpr std::size_t kMiB = std::size_t{1024} * 1024;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

TEST(Heap, GivesBackWhatABurstTook) {
  const std::size_t before = resident_bytes();
  {
    const std::vector<std::string> bodies(64, std::string(2 * kMiB, 'b'));
    ASSERT_GT(resident_bytes(), before + 128 * kMiB);
  }
  ASSERT_GT(resident_bytes(), before + 64 * kMiB) << "nothing to give back";
  trim_heap();
  EXPECT_LT(resident_bytes(), before + kHeapReserve + 4 * kMiB);
}
#endif

}  // namespace
}  // namespace cli
