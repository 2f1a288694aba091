#include "sandbox/compiler.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/id.h"
#include "sandbox/descriptor.h"

namespace sandbox {
namespace {

namespace fs = std::filesystem;

class CompilerTest : public ::testing::Test {
 protected:
  CompilerTest() { fs::create_directories(folder_); }
  ~CompilerTest() override { fs::remove_all(folder_); }

  // A stand-in for `roost` that does this.
  fs::path script(const std::string& body) {
    const fs::path path = folder_ / "compiler";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  base::Error error_of(const fs::path& program, CompilerLimits limits = {}) {
    const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
    const auto result = Compiler(program, limits).compile("module", out.get());
    EXPECT_FALSE(result);
    return result ? base::Error{} : result.error();
  }

  fs::path folder_ = fs::temp_directory_path() / ("roost-" + base::make_uuid());
};

TEST_F(CompilerTest, GivesTheModuleAndTakesTheCode) {
  const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
  ASSERT_TRUE(Compiler(script("tr a-z A-Z")).compile("module", out.get()));
  char text[16] = {};
  ASSERT_EQ(::pread(out.get(), text, sizeof text, 0), 6);
  EXPECT_STREQ(text, "MODULE");
}

TEST_F(CompilerTest, ChildHasNothingOfOurEnvironment) {
  ::setenv("ROOST_MASTER_KEY", "not for children", 1);
  const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
  EXPECT_TRUE(Compiler(script("[ -z \"$ROOST_MASTER_KEY\" ]")).compile("", out.get()));
  ::unsetenv("ROOST_MASTER_KEY");
}

TEST_F(CompilerTest, ExitCodeSaysWhoseFaultItIs) {
  const base::Error invalid = error_of(script("echo -n bad section >&2; exit 1"));
  EXPECT_EQ(invalid.code, base::Code::kInvalidModule);
  EXPECT_EQ(invalid.message, "bad section");
  EXPECT_EQ(error_of(script("exit 2")).code, base::Code::kInternal);
  EXPECT_EQ(error_of(script("exit 3")).code, base::Code::kStorage) << "a full disk";
  EXPECT_EQ(error_of(folder_ / "missing").code, base::Code::kUnavailable);
}

TEST_F(CompilerTest, CrashAndEndlessWorkAreTheModulesFault) {
  const base::Error crashed = error_of(script("kill -SEGV $$"));
  EXPECT_EQ(crashed.code, base::Code::kInvalidModule);
  EXPECT_NE(crashed.message.find("could not be compiled within"), std::string::npos)
      << crashed.message;
  CompilerLimits limits;
  limits.wall = std::chrono::seconds(1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(error_of(script("exec sleep 60"), limits).code, base::Code::kInvalidModule);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace sandbox
