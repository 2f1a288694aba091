#include "sandbox/node_memory.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/id.h"

namespace sandbox {
namespace {

namespace fs = std::filesystem;

class NodeMemory : public ::testing::Test {
 protected:
  ~NodeMemory() override { fs::remove_all(folder_); }

  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text << "\n";
  }
  [[nodiscard]] std::optional<std::uint64_t> found() const {
    return group_memory_bytes({.membership = folder_ / "self",
                               .unified = folder_ / "groups",
                               .memory = folder_ / "groups/memory"});
  }

  const fs::path folder_ = fs::temp_directory_path() / ("roost-" + base::make_uuid());
};

TEST_F(NodeMemory, AUnitsOwnLimitCounts) {
  write("self", "0::/system.slice/roost.service");
  write("groups/system.slice/memory.max", "max");
  write("groups/system.slice/roost.service/memory.max", "1000");
  EXPECT_EQ(found(), 1000U);
}

TEST_F(NodeMemory, TheLeastOfTheGroupsAroundItCounts) {
  write("self", "0::/a.slice/b.service/c");
  write("groups/a.slice/memory.max", "700");
  write("groups/a.slice/b.service/memory.max", "900");
  write("groups/a.slice/b.service/c/memory.max", "max");
  write("groups/z.slice/memory.max", "5");
  EXPECT_EQ(found(), 700U);
}

TEST_F(NodeMemory, VersionOneNamesItsController) {
  write("self", "12:cpu,cpuacct:/other\n5:memory:/docker/x\n0::/");
  write("groups/memory/memory.limit_in_bytes", "9223372036854771712");
  write("groups/memory/docker/x/memory.limit_in_bytes", "800");
  write("groups/memory/other/memory.limit_in_bytes", "5");
  EXPECT_EQ(found(), 800U);
}

// Its root is the container's group, whose name outside it is not there.
TEST_F(NodeMemory, AContainersLimitIsAtItsRoot) {
  write("self", "0::/../outside");
  write("groups/memory.max", "600");
  EXPECT_EQ(found(), 600U);
  write("self", "4:memory:/docker/not-here");
  EXPECT_EQ(found(), 600U);
}

TEST_F(NodeMemory, WithoutLimitsItIsTheMachines) {
  EXPECT_EQ(found(), std::nullopt);
  write("self", "0::/");
  write("groups/memory.max", "max");
  EXPECT_EQ(found(), std::nullopt);
  EXPECT_GT(node_memory_bytes(), 0U);
}

}  // namespace
}  // namespace sandbox
