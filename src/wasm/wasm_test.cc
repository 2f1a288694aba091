#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "wasm/guest_test.h"

namespace wasm {
namespace {

constexpr std::uint64_t kLimit = 1 << 20;

// What the host functions below see of a test.
struct Seen {
  std::uint32_t first = 0;
  std::uint64_t second = 0;
  std::size_t memory = 0;
  bool stop = false;
};

std::optional<std::uint32_t> add(Caller& caller, std::uint32_t a, std::uint64_t b) {
  auto& seen = *static_cast<Seen*>(caller.data());
  seen = {a, b, caller.memory().size(), seen.stop};
  if (seen.stop) return std::nullopt;
  return a + static_cast<std::uint32_t>(b);
}

std::optional<Step> wait(Caller& caller, std::uint32_t value) {
  auto& seen = *static_cast<Seen*>(caller.data());
  seen.first = value;
  if (seen.stop) return std::nullopt;
  return value == 0 ? Step::done(7) : Step::suspend();
}

class Guest : public ::testing::Test {
 protected:
  Guest() {
    linker_.define<&add>("host", "add");
    linker_.define<&wait>("host", "wait");
    linker_.define_constant("host", "refuse", "iI", 52);
  }

  EntryPoint link(std::string_view wat, std::string_view entry = "handle") {
    const auto module = module_of(engine_, wat);
    EXPECT_TRUE(module) << (module ? "" : module.error().message);
    auto entry_point = linker_.link(*module, "begin", entry);
    EXPECT_TRUE(entry_point) << (entry_point ? "" : entry_point.error().message);
    return std::move(*entry_point);
  }

  // Polls to the end; the trap if there was one.
  static std::optional<Trap> run(const EntryPoint& entry_point, Store& store) {
    wasm::Run run(entry_point, store);
    while (!run.poll()) {
    }
    return run.take_trap();
  }

  Engine engine_ = make_engine();
  Linker linker_{engine_};
  MemoryBudget budget_{8ULL << 20U};
  Seen seen_;
};

TEST_F(Guest, HostFunctionGetsArgumentsMemoryAndAnswers) {
  const auto entry_point = link(R"((module
    (import "host" "add" (func $add (param i32 i64) (result i32)))
    (memory (export "memory") 2)
    (func (export "handle")
      (if (i32.ne (call $add (i32.const 40) (i64.const 0x100000002)) (i32.const 42)) (then unreachable)))))");
  Store store(engine_, kLimit, budget_, &seen_);
  EXPECT_FALSE(run(entry_point, store));
  EXPECT_EQ(seen_.first, 40U);
  EXPECT_EQ(seen_.second, 0x100000002U);
  EXPECT_EQ(seen_.memory, 2U * 65'536U);
}

TEST_F(Guest, HostFunctionStopsTheGuest) {
  const auto entry_point = link(R"((module
    (import "host" "add" (func $add (param i32 i64) (result i32)))
    (func (export "handle") (drop (call $add (i32.const 1) (i64.const 2))))))");
  seen_.stop = true;
  Store store(engine_, kLimit, budget_, &seen_);
  const auto trap = run(entry_point, store);
  ASSERT_TRUE(trap);
  EXPECT_FALSE(trap->code);
  EXPECT_EQ(trap->message, "stopped by the host");
  EXPECT_EQ(seen_.memory, 0U) << "no memory is exported";
}

TEST_F(Guest, ConstantFunctionAnswers) {
  const auto entry_point = link(R"((module
    (import "host" "refuse" (func $refuse (param i32 i64) (result i32)))
    (func (export "handle")
      (if (i32.ne (call $refuse (i32.const 0) (i64.const 0)) (i32.const 52)) (then unreachable)))))");
  Store store(engine_, kLimit, budget_, &seen_);
  EXPECT_FALSE(run(entry_point, store));
}

TEST_F(Guest, SuspendedHostCallWaitsForItsAnswer) {
  const auto entry_point = link(R"((module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func (export "handle")
      (if (i32.ne (call $wait (i32.const 0)) (i32.const 7)) (then unreachable))
      (if (i32.ne (call $wait (i32.const 5)) (i32.const 9)) (then unreachable)))))");
  Store store(engine_, kLimit, budget_, &seen_);
  wasm::Run call(entry_point, store);
  ASSERT_FALSE(call.poll());
  EXPECT_TRUE(store.suspension().waiting());
  EXPECT_FALSE(call.poll()) << "polling without an answer changes nothing";
  store.suspension().answer(9);
  EXPECT_FALSE(store.suspension().waiting());
  ASSERT_TRUE(call.poll());
  const auto trap = call.take_trap();
  EXPECT_FALSE(trap) << trap->message;
}

TEST_F(Guest, SuspendingFunctionStopsTheGuest) {
  const auto entry_point = link(R"((module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func (export "handle") (drop (call $wait (i32.const 5))))))");
  seen_.stop = true;
  Store store(engine_, kLimit, budget_, &seen_);
  const auto trap = run(entry_point, store);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->message, "stopped by the host");
}

TEST_F(Guest, TrapKeepsCodeAndNamedFrames) {
  const auto entry_point = link(R"((module
    (func $inner unreachable)
    (func $outer (export "handle") (call $inner))))");
  Store store(engine_, kLimit, budget_, &seen_);
  const auto trap = run(entry_point, store);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->code, TrapCode::kUnreachable);
  EXPECT_EQ(trap->message, "unreachable code reached");
  ASSERT_EQ(trap->frames.size(), 2U);
  EXPECT_EQ(trap->frames[0].function, "inner");
  EXPECT_EQ(trap->frames[1].function, "outer");
  EXPECT_TRUE(trap->backtrace().starts_with("  at inner (0x")) << trap->backtrace();
}

TEST_F(Guest, EveryTrapCodeHasItsWords) {
  const std::pair<const char*, std::string_view> cases[] = {
      {"(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer division by zero"},
      {"(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer overflow"},
      {"(drop (i32.trunc_f32_s (f32.const nan)))", "conversion of a float that no integer holds"},
      {"(drop (i32.load (i32.const -1)))", "memory access out of bounds"},
      {"(call_indirect (i32.const 9))", "table access out of bounds"},
      {"(call_indirect (i32.const 1))", "indirect call to a null function"},
      {"(call_indirect (param i32) (i32.const 0) (i32.const 0))",
       "indirect call with a wrong signature"},
      {"(call $deep)", "call stack exhausted"},
      {"(drop (ref.as_non_null (ref.null func)))", "null reference"},  // Wasmtime's own words
  };
  for (const auto& [body, words] : cases) {
    const auto entry_point =
        link(std::string(R"((module (memory 1) (table 2 funcref) (elem (i32.const 0) $f)
      (func $f) (func $deep (call $deep) (call $f)) (func (export "handle") )") +
             body + "))");
    Store store(engine_, kLimit, budget_, &seen_);
    const auto trap = run(entry_point, store);
    ASSERT_TRUE(trap) << words;
    EXPECT_EQ(trap->message, words);
  }
}

TEST_F(Guest, EndlessLoopYieldsEachTickAndDiesWithItsRun) {
  const auto entry_point = link(R"((module (func (export "handle") (loop $l (br $l)))))");
  Store store(engine_, kLimit, budget_, &seen_);
  store.set_slice(2);
  std::atomic<bool> done = false;
  std::thread ticks([&] {
    while (!done) engine_.tick();
  });
  {
    wasm::Run call(entry_point, store);
    for (int slice = 0; slice < 3; ++slice) EXPECT_FALSE(call.poll());
  }
  done = true;
  ticks.join();
}

// An answer that takes longer than a slice has used none of it up.
TEST_F(Guest, ARenewedSliceBeginsWhereTheOldOneIsOver) {
  const auto entry_point = link(R"((module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func $f)
    (func (export "handle")
      (drop (call $wait (i32.const 1))) (call $f)
      (drop (call $wait (i32.const 2))) (call $f))))");
  Store store(engine_, kLimit, budget_, &seen_);
  store.set_slice(2);
  wasm::Run call(entry_point, store);
  const auto answered_late = [&](bool renew) {
    ASSERT_TRUE(store.suspension().waiting());
    for (int i = 0; i < 5; ++i) engine_.tick();
    if (renew) store.renew_slice();
    store.suspension().answer(0);
  };
  ASSERT_FALSE(call.poll());
  answered_late(true);
  ASSERT_FALSE(call.poll());
  EXPECT_EQ(seen_.first, 2U) << "it went on, to its second wait";
  answered_late(false);
  EXPECT_FALSE(call.poll()) << "renewed once only";
  EXPECT_FALSE(store.suspension().waiting());
  EXPECT_TRUE(call.poll());
}

TEST_F(Guest, MemoryPastTheLimitEndsTheGuestAndSaysHowMuch) {
  constexpr std::string_view kGrowing = R"((module (memory (export "memory") 1)
    (func (export "small") (drop (memory.grow (i32.const 3))))
    (func (export "large") (drop (memory.grow (i32.const 16))))
    (func (export "huge") (drop (memory.grow (i32.const 65535))) )
    (func (export "beyond") (drop (memory.grow (i32.const 65536))))))";
  {
    Store store(engine_, kLimit, budget_, &seen_);
    EXPECT_FALSE(run(link(kGrowing, "small"), store));
    EXPECT_EQ(store.peak_memory_bytes(), 4U * 65'536U);
    EXPECT_EQ(store.refused(), Refused::kNothing);
    EXPECT_EQ(budget_.used(), 4U * 65'536U);
  }
  EXPECT_EQ(budget_.used(), 0U) << "a store gives back what it took";
  for (const auto& [name, wanted] : {std::pair{"large", 17ULL << 16U},
                                     {"huge", 1ULL << 32U},
                                     {"beyond", (1ULL << 32U) + 65'536}}) {
    Store store(engine_, kLimit, budget_, &seen_);
    EXPECT_TRUE(run(link(kGrowing, name), store)) << name;
    EXPECT_EQ(store.refused(), Refused::kByLimit) << name;
    EXPECT_EQ(store.refused_bytes(), wanted) << name;
    EXPECT_EQ(store.peak_memory_bytes(), 65'536U) << name;
  }
}

// An error that gave a debit back which was never taken would let a guest grow past its limit.
TEST_F(Guest, FailedGrowthGivesNothingBack) {
  const auto entry_point = link(R"((module (memory (export "memory") 1 2)
    (func (export "handle")
      (drop (memory.grow (i32.const 1)))
      (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)))))");
  Store store(engine_, kLimit, budget_, &seen_);
  const auto trap = run(entry_point, store);
  EXPECT_FALSE(trap) << trap->message;
  EXPECT_EQ(budget_.used(), 2U * 65'536U);
}

TEST_F(Guest, TablesCountAndTheBudgetIsShared) {
  const auto entry_point =
      link(R"((module (memory 16) (table 1000 funcref) (func (export "handle"))))");
  Store first(engine_, 8 * kLimit, budget_, &seen_);
  EXPECT_FALSE(run(entry_point, first));
  EXPECT_EQ(first.peak_memory_bytes(), (16U << 16U) + 8000U);
  MemoryBudget small(kLimit);
  Store second(engine_, 8 * kLimit, small, &seen_);
  EXPECT_TRUE(run(entry_point, second));
  EXPECT_EQ(second.refused(), Refused::kByBudget);
}

TEST_F(Guest, LinkingNamesWhatIsMissing) {
  const auto module =
      module_of(engine_, R"((module (import "env" "missing" (func)) (func (export "handle"))))");
  ASSERT_TRUE(module);
  const auto linked = linker_.link(*module, "begin", "handle");
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code, base::Code::kInvalidModule);
  EXPECT_NE(linked.error().message.find("missing"), std::string::npos) << linked.error().message;
}

TEST_F(Guest, StartFunctionInitializerAndEntryRunInThisOrder) {
  const auto entry_point = link(R"((module
    (global $state (mut i32) (i32.const 0))
    (func $next (param i32)
      (if (i32.ne (global.get $state) (local.get 0)) (then unreachable))
      (global.set $state (i32.add (local.get 0) (i32.const 1))))
    (func $start (call $next (i32.const 0)))
    (start $start)
    (func (export "begin") (call $next (i32.const 1)))
    (func (export "handle") (call $next (i32.const 2)))))");
  for (int again = 0; again < 2; ++again) {
    Store store(engine_, kLimit, budget_, &seen_);
    const auto trap = run(entry_point, store);
    EXPECT_FALSE(trap) << trap->backtrace();
  }
}

TEST_F(Guest, ATrapInTheInitializerEndsTheRun) {
  const auto entry_point = link(R"((module
    (import "host" "add" (func $add (param i32 i64) (result i32)))
    (func (export "begin") unreachable)
    (func (export "handle") (drop (call $add (i32.const 1) (i64.const 2))))))");
  Store store(engine_, kLimit, budget_, &seen_);
  const auto trap = run(entry_point, store);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->code, TrapCode::kUnreachable);
  EXPECT_EQ(seen_.first, 0U) << "the entry point ran";
}

TEST_F(Guest, EntryPointIsAFunctionWithoutParametersAndResults) {
  for (const char* wat : {"(module)", R"((module (func (export "handle") (param i32))))",
                          R"((module (func (export "handle") (result i32) (i32.const 1))))",
                          R"((module (global (export "handle") i32 (i32.const 1))))"}) {
    const auto module = module_of(engine_, wat);
    ASSERT_TRUE(module) << wat;
    const auto linked = linker_.link(*module, "begin", "handle");
    ASSERT_FALSE(linked) << wat;
    EXPECT_EQ(linked.error().message, "the module exports no function `handle` of type () -> ()");
  }
}

TEST(WasmModule, ListsImportsAndExportsOfEveryType) {
  const Engine engine = make_engine();
  const auto module = module_of(engine, R"((module
    (import "a" "f" (func (param i32 i64 f32 f64 v128 funcref) (result v128)))
    (import "a" "g" (global i32)) (import "a" "t" (table 1 funcref)) (import "a" "m" (memory 3))
    (export "memory" (memory 0)) (func (export "h"))))");
  ASSERT_TRUE(module) << module.error().message;
  const auto imports = module->imports();
  ASSERT_EQ(imports.size(), 4U);
  EXPECT_EQ(imports[0].function, (FunctionType{"iIfFvr", "v"}));
  EXPECT_EQ(imports[1].kind, ExternKind::kGlobal);
  EXPECT_EQ(imports[2].kind, ExternKind::kTable);
  EXPECT_EQ(imports[3].kind, ExternKind::kMemory);
  const auto exports = module->exports();
  ASSERT_EQ(exports.size(), 2U);
  EXPECT_EQ(exports[0].memory_minimum_bytes, 3U * 65'536U);
  EXPECT_EQ(name_of(exports[1].kind), "function");
}

TEST(WasmEngine, KindsAgreeAndBadModulesAreRefused) {
  const Engine serving = make_engine();
  const auto compiling = Engine::compiling();
  ASSERT_TRUE(compiling);
  EXPECT_EQ(serving.compatibility(), compiling->compatibility());
  const auto code = compiling->compile("\0asm but no more");
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, base::Code::kInvalidModule);
  EXPECT_TRUE(code.error().message.contains("not a valid module: ")) << code.error().message;
  EXPECT_FALSE(code.error().message.contains('\n')) << code.error().message;
  EXPECT_FALSE(Engine::from_text("(module"));
  for (const char* wat : {"(module (memory i64 1))", "(module (memory 1) (memory 1))"}) {
    EXPECT_FALSE(compiling->compile(*Engine::from_text(wat))) << wat;
  }
}

TEST(WasmEngine, AnErrorAndItsCausesAreOneLine) {
  EXPECT_EQ(in_one_line("bad"), "bad");
  EXPECT_EQ(in_one_line("bad\n\nCaused by:\n    worse (at 1)"), "bad: worse (at 1)");
  EXPECT_EQ(in_one_line("bad\n\nCaused by:\n    0: worse\n    1: worst"), "bad: worse: worst");
  EXPECT_EQ(in_one_line("bad\n\nCaused by:\n    worse\n"), "bad: worse");
  EXPECT_EQ(in_one_line("bad\n\nCaused by:"), "bad");
}

TEST(WasmModule, RefusesWhatIsNotCode) {
  const Engine engine = make_engine();
  const int file = ::memfd_create("code", MFD_CLOEXEC);
  ASSERT_EQ(::write(file, "no code", 7), 7);
  const auto module = Module::map(engine, file);
  ::close(file);
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, base::Code::kStorage);
}

// Code that is good is not taken for bad because there is no descriptor left to map it by.
TEST(WasmModule, SaysWhenTheSystemRefuses) {
  const Engine engine = make_engine();
  const auto code = Engine::compiling()->compile(*Engine::from_text("(module (memory 1) (func))"));
  ASSERT_TRUE(code);
  const int file = ::memfd_create("code", MFD_CLOEXEC);
  ASSERT_EQ(::write(file, code->data(), code->size()), static_cast<ssize_t>(code->size()));
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(file) + 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = Module::map(engine, file);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(Module::map(engine, file));
  ::close(file);
}

// The pool cannot hold what it cannot hold: an error at loading, not at the call.
TEST(WasmModule, RefusesTablesPastThePool) {
  const Engine engine = make_engine();
  const auto module = module_of(engine, "(module (table 100000 funcref))");
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().message.find("20000"), std::string::npos) << module.error().message;
}

}  // namespace
}  // namespace wasm
