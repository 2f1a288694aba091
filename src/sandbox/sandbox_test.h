// For tests: a Sandbox in a temporary folder, and guests written in WebAssembly's text.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/id.h"
#include "reactor/reactor.h"
#include "sandbox/fake_pool.h"
#include "sandbox/sandbox.h"
#include "wasm/engine.h"

namespace sandbox {

// Asked from whichever thread compiles.
class MapSource final : public ModuleSource {
 public:
  base::Result<std::string> module(const base::Sha256& hash) override {
    ++asked;
    const std::scoped_lock lock(mutex_);
    const auto found = modules_.find(hash);
    if (found == modules_.end()) return base::fail(base::Code::kNotFound, "no such module");
    return found->second;
  }
  void add(const base::Sha256& hash, std::string module) {
    const std::scoped_lock lock(mutex_);
    modules_[hash] = std::move(module);
  }
  std::atomic<int> asked = 0;

 private:
  std::mutex mutex_;
  std::map<base::Sha256, std::string> modules_;
};

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest() { start(); }
  ~SandboxTest() override {
    reactor_.stop();
    sandbox_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A new Sandbox on the same folder, as after a restart.
  void start() {
    sandbox_.reset();
    auto made =
        Sandbox::create({.code_folder = folder_,
                         .compiler_program = std::filesystem::read_symlink("/proc/self/exe"),
                         .max_instances = 32,
                         .node_memory_bytes = node_memory_},
                        master_, source_, pool_, reactor_.blocking(), reactor_.long_work());
    ASSERT_TRUE(made) << made.error().message;
    sandbox_ = std::move(*made);
  }

  // The hash of a module in text, known to the source.
  base::Sha256 know(std::string_view wat) {
    auto module = wasm::Engine::from_text(wat);
    EXPECT_TRUE(module) << (module ? "" : module.error().message);
    const base::Sha256 hash = base::sha256(*module);
    source_.add(hash, std::move(*module));
    return hash;
  }

  base::Result<void> prepare(std::string_view wat) {
    auto module = wasm::Engine::from_text(wat);
    if (!module) return base::fail(module.error());
    return sandbox_->prepare(*module, limits_);
  }

  std::future<CallResult> begin(const base::Sha256& module, unsigned loop = 0) {
    return begin(module, event_, loop);
  }
  // `event` must outlive the call.
  std::future<CallResult> begin(const base::Sha256& module, const host::Event& event,
                                unsigned loop = 0) {
    auto promise = std::make_shared<std::promise<CallResult>>();
    auto future = promise->get_future();
    reactor::Loop& on = reactor_.loop(loop);
    on.post([this, &on, &event, module, promise] {
      on.spawn([](SandboxTest& test, reactor::Loop& l, base::Sha256 hash, const host::Event& what,
                  std::shared_ptr<std::promise<CallResult>> out) -> reactor::Task<void> {
        out->set_value(co_await test.sandbox_->call(l, test.request(hash, what)));
      }(*this, on, module, event, promise));
    });
    return future;
  }

  static CallResult finish(std::future<CallResult> future) {
    // Longer than a compilation may take.
    if (future.wait_for(std::chrono::seconds(90)) != std::future_status::ready) std::abort();
    return future.get();
  }

  CallResult call(const base::Sha256& module) { return finish(begin(module)); }
  CallResult call(std::string_view wat) { return call(know(wat)); }

  CallRequest request(const base::Sha256& module, const host::Event& event) {
    return {.module = module,
            .limits = limits_,
            .environment = environment_,
            .redactor = redactor_,
            .principal = principal_,
            .event = event,
            .canceled = canceled_};
  }

  static base::Code code_of(const CallResult& result) {
    EXPECT_FALSE(result.response);
    return result.response ? base::Code::kInternal : result.response.error().code;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("roost-" + base::make_uuid());
  std::uint64_t node_memory_ = 256ULL << 20U;
  auth::MasterKey master_ = auth::MasterKey::generate();
  MapSource source_;
  FakePool pool_;
  reactor::Reactor reactor_{2, 2};
  std::unique_ptr<Sandbox> sandbox_;

  catalog::Limits limits_;
  host::Environment environment_;
  telemetry::Redactor redactor_;
  auth::Principal principal_ = auth::Principal::anonymous();
  host::Event event_;
  const std::atomic<bool>* canceled_ = nullptr;

 private:
  // After all that the loops use is there.
  const bool started_ = (reactor_.start(), true);
};

// `(module …)` with a memory, all imports the tests need, and `handle` with this body.
inline std::string guest(std::string_view body, std::string_view more = "") {
  return R"((module
    (import "roost" "respond" (func $respond (param i32 i32 i32 i32 i32)))
    (import "roost" "log" (func $log (param i32 i32 i32)))
    (import "roost" "body_size" (func $body_size (result i32)))
    (import "roost" "now" (func $now (result i64)))
    (import "roost" "event_read" (func $event_read (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello")
    (func $sleep (param $nanoseconds i64)
      (i32.store8 (i32.const 1008) (i32.const 0))
      (i32.store (i32.const 1016) (i32.const 1))
      (i64.store (i32.const 1024) (local.get $nanoseconds))
      (if (call $poll (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 3000)) (then unreachable))
      (if (i32.ne (i32.load (i32.const 3000)) (i32.const 1)) (then unreachable)))
    )" + std::string(more) +
         R"((func $handle (export "handle") )" + std::string(body) + "))";
}

inline const std::string kHello = guest(
    "(call $respond (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 5))");
inline const std::string kLoop = guest("(loop $l (br $l))");

}  // namespace sandbox
