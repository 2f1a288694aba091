// One guest call after another, each in an instance of its own.
//
// The Sandbox keeps the serving engine, the functions of the host linked into it, and the programs
// (modules compiled and ready to instantiate). `call` makes a fresh instance, runs it within its
// limits and leaves nothing of it behind. One per process; `call` is awaited on any loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "auth/seal.h"
#include "base/crypto.h"
#include "base/error.h"
#include "catalog/function.h"
#include "database/pool.h"
#include "host/call.h"
#include "host/event.h"
#include "reactor/blocking_pool.h"
#include "reactor/loop.h"
#include "telemetry/redaction.h"

namespace sandbox {

struct Settings {
  std::filesystem::path code_folder;       // compiled code; a cache, may be deleted while stopped
  std::filesystem::path compiler_program;  // `roost`: its hidden `compile` subcommand is the child
  std::uint32_t max_instances = 1000;      // slots of the pool: admission's max_running
  std::uint64_t node_memory_bytes = 0;  // for all guests together; 0: half of RAM or of the cgroup
};

// What a call used, whether or not it succeeded.
struct Usage {
  std::chrono::microseconds duration{};
  std::chrono::microseconds cpu{};
  std::uint64_t peak_memory_bytes = 0;
  bool handed_over = false;  // ran on another loop than the caller's
};

struct CallResult {
  base::Result<host::Response> response;
  std::string backtrace;  // of the guest, one frame a line; empty unless it trapped
  Usage usage;
  std::vector<std::string> lines;  // logged, redacted
};

// All of it must outlive the call.
struct CallRequest {
  const base::Sha256& module;
  const catalog::Limits& limits;
  const host::Environment& environment;
  const telemetry::Redactor& redactor;
  const auth::Principal& principal;
  const host::Event& event;
  int depth = 0;  // how many events led to this call (database::GuestAccess)
  // What its queries are part of; null: each commits by itself.
  database::PoolTransaction* transaction = nullptr;
  // Set by any thread to end the call with kCanceled: at the end of its slice, within 100 ms where
  // it sleeps, and once the database has answered where it waits for that.
  const std::atomic<bool>* canceled = nullptr;
};

// Where the bytes of a module come from when its compiled code is missing: the registry. May block.
class ModuleSource {
 public:
  virtual ~ModuleSource() = default;
  virtual base::Result<std::string> module(const base::Sha256& hash) = 0;
};

class Sandbox {
 public:
  // The references must outlive it. `long_work` is for compilations.
  static base::Result<std::unique_ptr<Sandbox>> create(
      Settings settings, const auth::MasterKey& master, ModuleSource& source,
      database::Pool& database, reactor::BlockingPool& blocking, reactor::BlockingPool& long_work);
  virtual ~Sandbox() = default;

  // Suspends. The timeout counts from the instantiation, not from loading the module. A call whose
  // program is known to keep a loop busy may run on another one, where fewer do.
  virtual reactor::Task<CallResult> call(reactor::Loop& loop, CallRequest request) = 0;

  // Loads the program of a module before anybody calls it, so that the first call need not. False
  // when it would push another one out: then nothing is done. Blocks.
  virtual base::Result<bool> preload(const base::Sha256& module) = 0;

  // Deletes the compiled code of all other modules that was there when this Sandbox was made: what
  // was compiled since may be of functions that are being deployed. Blocks.
  virtual void keep_code_of(const std::set<base::Sha256>& modules) = 0;

  // Checks a module for deployment: valid, exports `memory` and `handle: () -> ()`, imports only
  // what the host has, its declared memory within the limits; compiles it and keeps the code.
  // kInvalidModule says what is wrong with both numbers where there are two. Blocks: for the pool
  // of long work.
  virtual base::Result<void> prepare(std::string_view module, const catalog::Limits& limits) = 0;

  // What calls hold right now; zero when idle (F1).
  struct Live {
    std::uint64_t instances = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_budget_bytes = 0;  // what they may hold together; never zero
  };
  [[nodiscard]] virtual Live live() const = 0;
};

}  // namespace sandbox
