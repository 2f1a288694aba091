// Guests that are meant to harm: bad pointers for every function of the host, and modules that ask
// for more than there is.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi.h"
#include "sandbox/host_functions.h"
#include "sandbox/once_per_module.h"
#include "sandbox/sandbox_test.h"

namespace sandbox {
namespace {

using namespace std::chrono_literals;

using Import = wasm::Linker::Import;

constexpr std::string_view kWasi = "wasi_snapshot_preview1";
// What the guest answers with where an import of WASI's says that a pointer is bad.
constexpr int kFault = 200 + static_cast<int>(host::wasi::Errno::kFault);

// Those that neither read nor write the guest's memory (a guest has no arguments to get). Of any
// other the host has to refuse something: a new import that refuses nothing is found by that.
bool takes_pointers(const Import& import) {
  constexpr std::array<std::string_view, 6> kWithout{"event_size", "body_size",   "now",
                                                     "proc_exit",  "sched_yield", "args_get"};
  const auto constant = host::wasi::refused_functions();
  return std::ranges::find(kWithout, import.name) == kWithout.end() &&
         std::ranges::none_of(constant,
                              [&](const auto& refused) { return refused.name == import.name; });
}

std::string types_of(const std::string& letters) {
  std::string text;
  for (const char letter : letters) text += letter == 'I' ? " i64" : " i32";
  return text;
}

// Calls one import with numbers of 8 bytes from the body, then says that it came back: with an
// errno of WASI's.
std::string caller_of(const Import& import) {
  const wasm::FunctionType& type = import.type;
  std::string arguments;
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    const char* load = type.parameters[i] == 'I' ? "i64" : "i32";
    arguments += fmt::format(" ({}.load (i32.const {}))", load, 8 * i);
  }
  std::string call = fmt::format("(call $f{})", arguments);
  const bool errno_of_wasi = import.module == kWasi && !type.results.empty();
  if (errno_of_wasi) {
    call = fmt::format("(local.set $errno {})", call);
  } else if (!type.results.empty()) {
    call = fmt::format("(drop {})", call);
  }
  return fmt::format(
      R"((module
        (import "roost" "body_read" (func $read (param i32 i32 i32) (result i32)))
        (import "roost" "respond" (func $respond (param i32 i32 i32 i32 i32)))
        (import "{}" "{}" (func $f (param{}) (result{})))
        (memory (export "memory") 1 1)
        (func (export "handle") (local $errno i32)
          (drop (call $read (i32.const 0) (i32.const 0) (i32.const 128)))
          {}
          (call $respond (i32.add (i32.const 200) (local.get $errno)) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))",
      import.module, import.name, types_of(type.parameters), types_of(type.results), call);
}

std::string bytes_of(const std::vector<std::uint64_t>& numbers) {
  std::string bytes;
  for (const std::uint64_t number : numbers) {
    for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift);
  }
  bytes.resize(128);
  return bytes;
}

// Each argument at each bound while the others are harmless, and all at once.
std::vector<std::vector<std::uint64_t>> hostile_arguments(std::size_t count) {
  std::vector<std::vector<std::uint64_t>> all;
  for (const std::uint64_t value : {0xffffffffULL, 0xfffffff8ULL, 0x80000000ULL, 0x7fffffffULL,
                                    0x10000ULL, 0xffffULL, 0xffffffffffffffffULL}) {
    all.emplace_back(count, value);
    for (std::size_t at = 0; at < count; ++at) {
      // 1 is an open file of WASI's: of any other, fd_write looks at nothing else.
      for (const std::uint64_t other : {0ULL, 1ULL, 8ULL}) {
        all.emplace_back(count, other).at(at) = value;
      }
    }
  }
  return all;
}

class Hostile : public SandboxTest {
 protected:
  void expect_refused(std::string_view wat, std::string_view words) {
    const auto prepared = prepare(wat);
    ASSERT_FALSE(prepared) << wat;
    EXPECT_EQ(prepared.error().code, base::Code::kInvalidModule);
    EXPECT_NE(prepared.error().message.find(words), std::string::npos) << prepared.error().message;
  }
};

// What the host makes of it is its own business: an errno, an error, the end of the call. Nothing
// may end but the call, and nothing of the host's own may fail.
TEST_F(Hostile, NoArgumentOfAnyImportHarmsTheHost) {
  limits_.timeout = 1s;
  environment_ = {{"NAME", "value"}};  // else environ_get has nothing to write
  const auto engine = wasm::Engine::compiling();
  ASSERT_TRUE(engine);
  const wasm::Linker linker = link_host_functions(*engine);
  for (const Import& import : linker.imports()) {
    int refused = 0;
    const base::Sha256 module = know(caller_of(import));
    for (const auto& arguments : hostile_arguments(import.type.parameters.size())) {
      event_.body = bytes_of(arguments);
      const CallResult result = call(module);
      if (result.response) {
        if (result.response->status == kFault) ++refused;
        continue;
      }
      ++refused;
      const base::Code code = result.response.error().code;
      EXPECT_TRUE(code == base::Code::kTrap || code == base::Code::kBadResponse ||
                  code == base::Code::kOutputLimit || code == base::Code::kGuestExit ||
                  code == base::Code::kTimeout || code == base::Code::kQueryFailed)
          << import.name << ": " << result.response.error().message;
    }
    if (takes_pointers(import)) {
      EXPECT_GT(refused, 0) << import.module << " " << import.name;
    }
  }
  EXPECT_TRUE(call(kHello).response);
}

TEST_F(Hostile, MoreMemoryThanThereIsIsRefused) {
  expect_refused(R"((module (memory (export "memory") 65536) (func (export "handle"))))",
                 "this server: memory has a minimum byte size of 4294967296 which exceeds");
  EXPECT_TRUE(prepare(R"((module (memory (export "memory") 1 65536) (func (export "handle"))))"))
      << "it may ask for it, and get less";
}

TEST_F(Hostile, RefusedModulesLeaveNoCode) {
  EXPECT_FALSE(prepare(R"((module (memory (export "memory") 1)))"));
  EXPECT_FALSE(prepare(R"((module (memory (export "memory") 65536) (func (export "handle"))))"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

#ifndef ROOST_SANITIZED  // whose own mappings are many
// As at vm.max_map_count. The heap has room, so that only mappings fail.
TEST_F(Hostile, CodeThatTheSystemDoesNotMapIsKept) {
  ASSERT_TRUE(prepare(kHello));
  const auto hello = know(kHello);
  start();
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  {
    const std::vector<std::string> room(64, std::string(16 * 1024, ' '));
  }
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &limit), 0);
  const rlimit none{.rlim_cur = 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &none), 0);
  const auto refused = sandbox_->preload(hello);
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(refused.error().message.contains("`roost doctor`")) << refused.error().message;
  EXPECT_TRUE(call(hello).response);
  EXPECT_EQ(source_.asked, 0) << "it was compiled again";
}
#endif

TEST_F(Hostile, WhatACrashOrAnotherEngineLeftIsSweptAtTheStart) {
  ASSERT_TRUE(prepare(kHello));
  const std::string foreign = std::string(64, 'a') + "-" + std::string(16, '0');
  for (const std::string& name : {std::string("tmp-1"), foreign + ".code", foreign + ".seal"}) {
    std::ofstream(folder_ / name) << "left";
  }
  start();
  EXPECT_EQ(std::ranges::distance(std::filesystem::directory_iterator(folder_)), 2)
      << "the code of kHello and its seal";
  EXPECT_TRUE(call(kHello).response);
}

TEST_F(Hostile, CodeThatNoFunctionHasAnyMoreIsDeleted) {
  const std::string other = guest("unreachable");
  ASSERT_TRUE(prepare(kHello));
  ASSERT_TRUE(prepare(other));
  const auto files = [&] {
    return std::ranges::distance(std::filesystem::directory_iterator(folder_));
  };
  std::ofstream(folder_ / "tmp-1") << "being written";
  // The kernel gives files times of up to 10 ms ago, and a clock may be set back at any time.
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    std::filesystem::last_write_time(file, file.last_write_time() - std::chrono::hours(1));
  }
  sandbox_->keep_code_of({});
  EXPECT_EQ(files(), 5) << "what is being deployed is not in the registry yet";
  start();
  sandbox_->keep_code_of({know(kHello)});
  EXPECT_EQ(files(), 2);
  EXPECT_TRUE(call(kHello).response);
  EXPECT_EQ(source_.asked, 0);
}

// A module that takes a minute to compile holds up itself.
TEST(OncePerModule, TurnsAtOthersDoNotWait) {
  OncePerModule turns;
  const base::Sha256 slow = base::sha256("slow");
  auto first = std::make_optional<OncePerModule::Turn>(turns, slow);
  {
    const OncePerModule::Turn other(turns, base::sha256("other"));
  }
  std::atomic<bool> asks = false;
  std::atomic<bool> ended = false;
  std::jthread waits([&] {
    asks = true;
    const OncePerModule::Turn turn(turns, slow);
    EXPECT_TRUE(ended);
  });
  while (!asks) std::this_thread::yield();
  ended = true;
  first.reset();
}

// A disk that is slow to give the one does not hold up calls of the other.
TEST_F(Hostile, LoadingOneModuleDoesNotWaitForAnother) {
  const std::string slow = guest("unreachable");
  ASSERT_TRUE(prepare(slow));
  std::filesystem::path seal;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    if (file.path().extension() == ".seal") seal = file.path();
  }
  ASSERT_TRUE(prepare(kHello));
  start();
  std::filesystem::remove(seal);
  ASSERT_EQ(::mkfifo(seal.c_str(), 0600), 0);
  auto loading = begin(know(slow));
  // Opens when the other end is: then that is in the middle of loading.
  const int other_end = ::open(seal.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(other_end, 0);
  std::filesystem::remove(seal);
  auto hello = begin(know(kHello));
  EXPECT_EQ(hello.wait_for(10s), std::future_status::ready);
  ::close(other_end);
  EXPECT_TRUE(finish(std::move(hello)).response);
  EXPECT_EQ(code_of(finish(std::move(loading))), base::Code::kTrap) << "compiled again";
}

TEST_F(Hostile, TablesCannotGrowPastTheirBound) {
  expect_refused(
      R"((module (memory (export "memory") 1) (table 4294967295 funcref) (func (export "handle"))))",
      "20000");
  std::string many = R"((module (memory (export "memory") 1) (func (export "handle")))";
  for (int i = 0; i < 1000; ++i) many += "(table 20000 funcref)";
  expect_refused(many + ")", "table");
  const CallResult grown = call(
      R"((module (memory (export "memory") 1) (table $t 1 funcref) (func (export "handle")
        (loop $l (br_if $l (i32.ne (i32.const -1)
          (table.grow $t (ref.null func) (i32.const 1000))))))))");
  EXPECT_TRUE(grown.response) << grown.response.error().message;
}

TEST_F(Hostile, AStartFunctionThatLoopsEndsAtItsTimeout) {
  limits_.timeout = 200ms;
  const std::string wat = R"((module (memory (export "memory") 1)
    (func $s (loop $l (br $l))) (start $s) (func (export "handle"))))";
  EXPECT_TRUE(prepare(wat)) << "nothing of it runs at a deployment";
  EXPECT_EQ(code_of(call(wat)), base::Code::kTimeout);
}

TEST_F(Hostile, AHundredThousandFunctionsRun) {
  std::string wat = R"((module (memory (export "memory") 1))";
  for (int i = 0; i < 100'000; ++i) wat += "(func)";
  const CallResult result = call(wat + R"((func (export "handle") (call 99999))))");
  EXPECT_TRUE(result.response) << result.response.error().message;
}

TEST_F(Hostile, RecursionThroughATableEndsTheCallOnly) {
  EXPECT_EQ(code_of(call(R"((module (memory (export "memory") 1) (table 1 funcref)
      (elem (i32.const 0) $f) (type $t (func))
      (func $f (export "handle") (call_indirect (type $t) (i32.const 0)))))")),
            base::Code::kTrap);
}

}  // namespace
}  // namespace sandbox
