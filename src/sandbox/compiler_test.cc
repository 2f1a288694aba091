#include "sandbox/compiler.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
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

// In a child of the test, as in one of the server: the limits stay with the process.
TEST_F(CompilerTest, TheCompilerLimitsItself) {
  const auto compiles_and_is_limited = [] {
    const Descriptor in(::memfd_create("in", MFD_CLOEXEC));
    const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
    const int status = compile_main(in.get(), out.get());
    rlimit cpu{}, core{}, size{};
    ::getrlimit(RLIMIT_CPU, &cpu);
    ::getrlimit(RLIMIT_CORE, &core);
    ::getrlimit(RLIMIT_FSIZE, &size);
    const bool limited = cpu.rlim_max == static_cast<rlim_t>(CompilerLimits{}.cpu.count()) &&
                         core.rlim_max == 0 && size.rlim_max != RLIM_INFINITY;
    ::_exit(limited && status == 1 ? 0 : 2);  // 1: nothing is no module
  };
  EXPECT_EXIT(compiles_and_is_limited(), ::testing::ExitedWithCode(0), "");
}

TEST_F(CompilerTest, WhatItSaysIsBoundedAndSpeaksToNoTerminal) {
  const base::Error error = error_of(script(
      "printf 'bad \\033[2Jname\\n' >&2; head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1"));
  EXPECT_EQ(error.code, base::Code::kInvalidModule);
  EXPECT_TRUE(error.message.starts_with("bad \\x1b[2Jname\\nxxx")) << error.message.substr(0, 40);
  EXPECT_EQ(error.message.size(), 4096U);
}

// So many descriptors as it needs to hand the module over, and none to wait for the child by.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    // A shell asks for one above 10, and has the room of these once it runs.
    for (int i = 0; i < 20; ++i) taken_.emplace_back(::memfd_create("taken", MFD_CLOEXEC));
    const Descriptor in(::memfd_create("in", MFD_CLOEXEC));
    const Descriptor messages(::memfd_create("messages", MFD_CLOEXEC));
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{.rlim_cur = static_cast<rlim_t>(messages.get()) + 1,
                     .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;
  ~NoDescriptorLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  std::vector<Descriptor> taken_;
  rlimit before_{};
};

TEST_F(CompilerTest, WaitsForTheChildAlsoWithoutADescriptor) {
#ifdef ROOST_SANITIZED
  GTEST_SKIP() << "UBSan makes a pipe to see whether an object's memory can be read";
#endif
  const fs::path quick = script("echo -n bad section >&2; exit 1");
  const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = [&] {
    const NoDescriptorLeft none;
    return Compiler(quick).compile("module", out.get());
  }();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "bad section");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));

  CompilerLimits limits;
  limits.wall = std::chrono::seconds(1);
  const fs::path endless = script("exec sleep 60");
  const auto killed = [&] {
    const NoDescriptorLeft none;
    return Compiler(endless, limits).compile("module", out.get());
  }();
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, base::Code::kInvalidModule) << killed.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace sandbox
