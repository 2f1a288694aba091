// The invariants of requirements.md that the sandbox holds, each a suite of its own.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>

#include "sandbox/sandbox_test.h"

// A namespace of its own, because one of the suites is called Sandbox.
namespace invariants {
namespace {

using namespace std::chrono_literals;
using sandbox::CallResult;
using sandbox::guest;
using sandbox::kHello;
using sandbox::kLoop;
using sandbox::SandboxTest;

// FUNC-I1: no file, no socket, no process, no clock beyond what is granted, no other instance's
// memory.
class Sandbox : public SandboxTest {};

TEST_F(Sandbox, FilesAndSocketsAreNotThere) {
  const CallResult result = call(R"((module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "handle")
      (if (i32.ne (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const -1)
                              (i64.const -1) (i32.const 0) (i32.const 64)) (i32.const 52)) (then unreachable))
      (if (i32.ne (call $read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 8)) (then unreachable))
      (if (i32.ne (call $accept (i32.const 3) (i32.const 0) (i32.const 0)) (i32.const 52)) (then unreachable))
      (if (i32.ne (call $clock (i32.const 2) (i64.const 0) (i32.const 0)) (i32.const 28)) (then unreachable)))))");
  EXPECT_TRUE(result.response) << result.response.error().message;
}

TEST_F(Sandbox, NothingButTheHostsFunctionsCanBeImported) {
  for (const char* import : {R"((import "env" "system" (func (param i32) (result i32))))",
                             R"((import "wasi_snapshot_preview1" "proc_spawn" (func)))",
                             R"((import "wasi:sockets/tcp" "connect" (func)))"}) {
    EXPECT_FALSE(prepare(std::string("(module ") + import +
                         R"( (memory (export "memory") 1) (func (export "handle"))))"));
  }
}

// FUNC-I2: every run is bounded in wall time, memory, stack, output, log volume and host calls.
class Limits : public SandboxTest {};

TEST_F(Limits, Stack) {
  const CallResult result = call(guest("(call $deep)", "(func $deep (call $deep) (call $deep))"));
  EXPECT_EQ(code_of(result), base::Code::kTrap);
  EXPECT_EQ(result.response.error().message, "the function trapped: call stack exhausted");
}

TEST_F(Limits, Cpu) {
  limits_.cpu = 50ms;
  limits_.timeout = 10s;
  const CallResult result = call(kLoop);
  EXPECT_EQ(code_of(result), base::Code::kCpuLimit);
  EXPECT_GT(result.usage.cpu, 50ms);
  EXPECT_LT(result.usage.duration, 5s);
}

// A function that waits uses no CPU: it may outlast its CPU limit.
TEST_F(Limits, CpuDoesNotCountSleep) {
  limits_.cpu = 20ms;
  EXPECT_TRUE(call(guest("(call $sleep (i64.const 60000000))")).response);
}

TEST_F(Limits, Output) {
  limits_.response_bytes = 1024;
  EXPECT_EQ(code_of(call(guest("(call $respond (i32.const 200) (i32.const 0) (i32.const 0) "
                               "(i32.const 0) (i32.const 1025))"))),
            base::Code::kOutputLimit);
}

TEST_F(Limits, LogIsCutAndTheRunGoesOn) {
  limits_.log_bytes = 200;
  const CallResult result = call(guest(R"((local $i i32)
    (loop $l (call $log (i32.const 1) (i32.const 16) (i32.const 5))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 100)))))"));
  EXPECT_TRUE(result.response);
  ASSERT_FALSE(result.lines.empty());
  EXPECT_EQ(result.lines.front(), "[Function] hello");
  EXPECT_EQ(result.lines.back(), "[log truncated: it passed its limit of 200 B]");
  EXPECT_LT(result.lines.size(), 10U);
}

TEST_F(Limits, HostCalls) {
  const CallResult result = call(guest("(loop $l (drop (call $now)) (br $l))"));
  EXPECT_EQ(code_of(result), base::Code::kHostCallLimit);
}

TEST_F(Limits, BadPointersStopTheGuest) {
  for (const char* body :
       {"(drop (call $event_read (i32.const -1) (i32.const 0) (i32.const 2)))",
        "(drop (call $event_read (i32.const 65535) (i32.const 0) (i32.const 2)))",
        "(call $log (i32.const 1) (i32.const 0) (i32.const -1))",
        "(call $respond (i32.const 200) (i32.const -1) (i32.const -1) (i32.const 0) (i32.const "
        "0))"}) {
    const CallResult result = call(guest(body));
    EXPECT_EQ(code_of(result), base::Code::kTrap) << body;
    EXPECT_NE(result.response.error().message.find("outside the function's memory"),
              std::string::npos);
  }
}

TEST_F(Limits, NodeMemoryIsShared) {
  node_memory_ = 40ULL << 20U;
  start();
  const std::string grow = "(drop (memory.grow (i32.const 479)))";  // 30 MiB in all
  limits_.timeout = 2s;
  auto sleeper = begin(know(guest(grow + "(call $sleep (i64.const 60000000000))")));
  while (sandbox_->live().memory_bytes < 30ULL << 20U) std::this_thread::yield();
  EXPECT_EQ(code_of(call(guest(grow))), base::Code::kNodeMemory);
  EXPECT_EQ(sandbox_->live().memory_bytes, 30ULL << 20U);
  finish(std::move(sleeper));
}

// No other call's end would help it.
TEST_F(Limits, MoreThanTheNodeHasIsTheFunctionsFault) {
  node_memory_ = 40ULL << 20U;
  start();
  const CallResult result = call(guest("(drop (memory.grow (i32.const 799)))"));
  EXPECT_EQ(code_of(result), base::Code::kMemoryLimit);
  EXPECT_NE(result.response.error().message.find("all functions together may have 40 MiB"),
            std::string::npos)
      << result.response.error().message;
}

// FUNC-I4: a guest that fails harms neither another guest nor the server.
class Isolation : public SandboxTest {};

TEST_F(Isolation, OthersRunWhileSomeFail) {
  limits_.timeout = 300ms;
  const auto hello = know(kHello);
  const std::string bad[] = {kLoop, guest("unreachable"),
                             guest("(drop (memory.grow (i32.const 65535)))"),
                             guest("(call $deep)", "(func $deep (call $deep) (call $deep))"),
                             guest("(call $exit (i32.const 1))")};
  std::vector<std::future<CallResult>> failing;
  std::vector<std::future<CallResult>> good;
  for (const std::string& wat : bad) {
    const auto hash = know(wat);
    for (unsigned i = 0; i < 4; ++i) failing.push_back(begin(hash, i % 2));
    for (unsigned i = 0; i < 8; ++i) good.push_back(begin(hello, i % 2));
  }
  for (auto& future : good) {
    const CallResult result = finish(std::move(future));
    ASSERT_TRUE(result.response) << result.response.error().message;
    EXPECT_EQ(result.response->body, "hello");
  }
  for (auto& future : failing) EXPECT_FALSE(finish(std::move(future)).response);
  EXPECT_TRUE(call(hello).response);
}

TEST_F(Isolation, SpinningGuestsDoNotHoldUpAShortOne) {
  limits_.timeout = 1s;
  const auto loop = know(kLoop);
  ASSERT_TRUE(call(kHello).response);
  std::vector<std::future<CallResult>> spinning;
  for (int i = 0; i < 8; ++i) spinning.push_back(begin(loop, 0));
  while (sandbox_->live().instances < 8) std::this_thread::yield();
  const auto begin_time = std::chrono::steady_clock::now();
  EXPECT_TRUE(call(kHello).response);
  EXPECT_LT(std::chrono::steady_clock::now() - begin_time, 500ms);
  for (auto& future : spinning) EXPECT_EQ(code_of(finish(std::move(future))), base::Code::kTimeout);
}

// E2: every invocation gets a fresh instance: globals, memory and tables as they were compiled.
class FreshInstance : public SandboxTest {};

TEST_F(FreshInstance, NothingOfAnEarlierCallIsSeen) {
  const std::string wat = guest(
      R"((if (global.get $called) (then unreachable))
         (if (i32.load (i32.const 60000)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 16)) (i32.const 104)) (then unreachable))
         (if (i32.ne (memory.size) (i32.const 1)) (then unreachable))
         (global.set $called (i32.const 1))
         (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))
         (if (i32.eq (memory.grow (i32.const 40)) (i32.const -1)) (then unreachable))
         (memory.fill (i32.const 65536) (i32.const 255) (i32.const 2621440)))",
      "(global $called (mut i32) (i32.const 0))");
  const auto hash = know(wat);
  for (int i = 0; i < 200; ++i) {
    const CallResult result = call(hash);
    ASSERT_TRUE(result.response) << i << ": " << result.response.error().message;
  }
  // Grown memory of other programs is zero as well, whichever slot it gets.
  const auto reader = know(guest(R"((local $i i32)
    (if (i32.eq (memory.grow (i32.const 40)) (i32.const -1)) (then unreachable))
    (local.set $i (i32.const 65536))
    (loop $l (if (i64.ne (i64.load (local.get $i)) (i64.const 0)) (then unreachable))
      (local.set $i (i32.add (local.get $i) (i32.const 4096))) (br_if $l (i32.lt_u (local.get $i) (i32.const 2600000)))))"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(call(reader).response);
}

// FUNC-I5: the code that runs is the one that was compiled from the module that was deployed.
class Hash : public SandboxTest {
 protected:
  std::filesystem::path file(std::string_view ending) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ending) return entry.path();
    }
    return {};
  }
};

TEST_F(Hash, DamagedCodeIsCompiledAgain) {
  const auto hash = know(kHello);
  ASSERT_TRUE(call(hash).response);
  EXPECT_EQ(source_.asked, 1);
  {
    std::fstream code(file(".code"), std::ios::in | std::ios::out | std::ios::binary);
    code.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file(".code")) / 2));
    code.put('\x7f');
  }
  start();
  const CallResult result = call(hash);
  ASSERT_TRUE(result.response) << result.response.error().message;
  EXPECT_EQ(result.response->body, "hello");
  EXPECT_EQ(source_.asked, 2);
}

TEST_F(Hash, UnreadableSealIsAsGoodAsNone) {
  const auto hash = know(kHello);
  ASSERT_TRUE(call(hash).response);
  const auto seal = file(".seal");
  std::filesystem::remove(seal);
  std::filesystem::create_directory(seal);
  start();
  // The folder in the seal's place cannot be replaced, so the call fails, and nothing else does.
  const CallResult refused = call(hash);
  EXPECT_EQ(code_of(refused), base::Code::kStorage);
  // Its callers are told, and where the server keeps its data is no matter of theirs.
  const std::string& message = refused.response.error().message;
  EXPECT_EQ(message.find(folder_.parent_path().string() + "/"), std::string::npos) << message;
  EXPECT_NE(message.find(folder_.filename().string()), std::string::npos) << message;
  std::filesystem::remove(seal);
  EXPECT_TRUE(call(hash).response);
}

TEST_F(Hash, CodeOfAnotherModuleOrKeyIsRefused) {
  const auto hash = know(kHello);
  ASSERT_TRUE(call(hash).response);
  const auto code = file(".code");
  const auto seal = file(".seal");
  const std::string other = guest("unreachable");
  ASSERT_TRUE(prepare(other));
  // Swap the other's files in, seal and all.
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path() == code || entry.path() == seal) continue;
    std::filesystem::copy_file(entry.path(), entry.path().extension() == ".code" ? code : seal,
                               std::filesystem::copy_options::overwrite_existing);
  }
  start();
  EXPECT_TRUE(call(hash).response);
  EXPECT_EQ(source_.asked, 2);
  // Another node's key: its seals are not ours.
  master_ = auth::MasterKey::generate();
  start();
  EXPECT_TRUE(call(hash).response);
  EXPECT_EQ(source_.asked, 3);
}

// F1: a timeout leaves nothing behind.
class NothingLeft : public SandboxTest {
 protected:
  static std::size_t open_files() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      ++count;
    return count;
  }
};

TEST_F(NothingLeft, NoInstanceSlotMemoryOrFileAfterATimeout) {
  limits_.timeout = 30ms;
  const std::string grow = "(drop (memory.grow (i32.const 100)))";
  const base::Sha256 guests[] = {
      know(kLoop), know(guest(grow + "(call $sleep (i64.const 9000000000))")),
      know(guest(grow + "(loop $l (br $l))")), know(guest(grow + "unreachable"))};
  const auto round = [&] {
    std::vector<std::future<CallResult>> calls;
    for (unsigned i = 0; i < 16; ++i) calls.push_back(begin(guests[i % 4], i / 4 % 2));
    for (auto& future : calls) EXPECT_FALSE(finish(std::move(future)).response);
  };
  round();  // loads the programs, and the loops open what they keep
  const std::size_t files = open_files();
  // More calls than the pool has slots, so that one leaked slot a call would show.
  for (int i = 0; i < 12; ++i) round();
  EXPECT_EQ(sandbox_->live().instances, 0U);
  EXPECT_EQ(sandbox_->live().memory_bytes, 0U);
  EXPECT_EQ(open_files(), files);
  EXPECT_EQ(reactor_.loop(0).slices().waiting() + reactor_.loop(1).slices().waiting(), 0U);
  EXPECT_TRUE(call(kHello).response);
}

TEST_F(NothingLeft, NoQueryAfterATimeout) {
  limits_.timeout = 30ms;
  pool_.wait = 1h;
  const auto asking = know(R"((module
    (import "roost" "db_query" (func $query (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "handle") (drop (call $query (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))))");
  std::vector<std::future<CallResult>> calls;
  for (unsigned i = 0; i < 16; ++i) calls.push_back(begin(asking, i % 2));
  for (auto& future : calls) EXPECT_EQ(code_of(finish(std::move(future))), base::Code::kTimeout);
  EXPECT_EQ(pool_.asked().size(), 16U);
  EXPECT_EQ(pool_.running, 0);
  EXPECT_EQ(sandbox_->live().instances, 0U);
}

// Pages of calls that are over are the system's again, not a second budget that nobody counts.
TEST_F(NothingLeft, MemoryGoesBackToTheSystem) {
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t pages = 0;
    statm >> all >> pages;
    return pages * 4096;
  };
  const auto fill = know(guest(R"((drop (memory.grow (i32.const 1000)))
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65536000)))"));
  ASSERT_TRUE(call(fill).response);
  const std::size_t before = resident();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(call(fill).response);
  EXPECT_LT(resident(), before + (100U << 20U));
}

// S1, at the level of a call: what the guest says of its secrets does not leave it.
class Redaction : public SandboxTest {};

TEST_F(Redaction, SecretsAreHiddenInLinesAndErrors) {
  redactor_ = telemetry::Redactor(std::vector<std::string>{"hello-secret"});
  const CallResult aborted = call(R"((module
    (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
    (import "roost" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 12) "\18\00\00\00h\00e\00l\00l\00o\00-\00s\00e\00c\00r\00e\00t\00")
    (data (i32.const 100) "say hello-secret")
    (func (export "handle")
      (call $log (i32.const 1) (i32.const 100) (i32.const 16))
      (call $abort (i32.const 16) (i32.const 0) (i32.const 1) (i32.const 2)))))");
  ASSERT_FALSE(aborted.response);
  EXPECT_EQ(aborted.response.error().message, "the function aborted: ***REDACTED***");
  EXPECT_EQ(aborted.lines, std::vector<std::string>{"[Function] say ***REDACTED***"});
}

}  // namespace
}  // namespace invariants
