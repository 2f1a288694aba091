#include "sandbox/overrun.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "sandbox/guest_run.h"
#include "wasm/guest_test.h"

namespace sandbox {
namespace {

using namespace std::chrono_literals;

TEST(Overrun, IsExpectedOnceTheCpuConfirmedIt) {
  const Overrun::Clock::time_point now{1h};
  Overrun overrun;
  EXPECT_FALSE(overrun.suspected());
  overrun.suspect();
  EXPECT_TRUE(overrun.suspected());
  EXPECT_FALSE(overrun.expected(now)) << "the machine may have been slow";
  overrun.confirm(now);
  EXPECT_TRUE(overrun.expected(now));
  EXPECT_FALSE(overrun.expected(now + Overrun::kRemembered))
      << "it is not held against it for ever";
  EXPECT_TRUE(overrun.suspected());
}

TEST(Overrun, WhatIsOnlyBelievedIsAcquitted) {
  const Overrun::Clock::time_point now{1h};
  Overrun overrun;
  overrun.suspect();
  overrun.believe(now);
  EXPECT_TRUE(overrun.expected(now));
  overrun.acquit();
  EXPECT_FALSE(overrun.expected(now));
  overrun.confirm(now);
  overrun.believe(now + 1s);
  overrun.acquit();
  EXPECT_TRUE(overrun.expected(now + 2s)) << "the CPU had confirmed it";
  overrun.believe(now + 2 * Overrun::kRemembered);
  overrun.acquit();
  EXPECT_FALSE(overrun.expected(now + 2 * Overrun::kRemembered)) << "that was long ago";
}

// Stands still without using the CPU, as a machine does that is suspended.
std::chrono::milliseconds pause{};
std::optional<std::uint32_t> stand_still(wasm::Caller& /*caller*/) {
  std::this_thread::sleep_for(pause);
  return 0;
}

TEST(Overrun, APausedMachineIsNotHeldAgainstTheFunction) {
  wasm::Engine engine = wasm::make_engine();
  wasm::Linker linker(engine);
  linker.define<&stand_still>("test", "stand_still");
  const auto module = wasm::module_of(engine, R"((module
    (import "test" "stand_still" (func $stand_still (result i32)))
    (memory (export "memory") 1)
    (func (export "handle") (drop (call $stand_still)))))");
  ASSERT_TRUE(module) << module.error().message;
  const auto program = make_program(*module, linker);
  ASSERT_TRUE(program) << program.error().message;
  wasm::MemoryBudget budget(64ULL << 20U);
  Ticker ticker(engine);
  const Grounds grounds{engine, budget, ticker};
  const base::Sha256 hash{};
  catalog::Limits limits;
  const host::Environment environment;
  const telemetry::Redactor redactor;
  const auth::Principal principal = auth::Principal::anonymous();
  const host::Event event;
  const auto call = [&](const Program& which) {
    GuestRun guest(grounds, which,
                   {.module = hash,
                    .limits = limits,
                    .environment = environment,
                    .redactor = redactor,
                    .principal = principal,
                    .event = event},
                   0);
    while (!guest.poll()) {
    }
    EXPECT_TRUE(guest.finish().response);
  };
  const auto expected = [&] { return program->overrun->expected(base::Deadline::Clock::now()); };
  pause = Overrun::kBelieved + 20ms;
  call(*program);
  EXPECT_TRUE(expected());
  pause = 0ms;
  call(*program);
  EXPECT_FALSE(expected());
  // Nor is it CPU time, in the first slice of a program that nobody suspects either.
  const auto unsuspected = make_program(*module, linker);
  ASSERT_TRUE(unsuspected);
  limits.cpu = 20ms;
  pause = 60ms;
  call(*unsuspected);
}

}  // namespace
}  // namespace sandbox
