#include "sandbox/sandbox.h"

#include <atomic>
#include <utility>

#include "reactor/hand_over.h"
#include "sandbox/background.h"
#include "sandbox/code_store.h"
#include "sandbox/compiler.h"
#include "sandbox/guest_run.h"
#include "sandbox/host_functions.h"
#include "sandbox/mappings.h"
#include "sandbox/node_memory.h"
#include "sandbox/once_per_module.h"
#include "sandbox/program_cache.h"
#include "sandbox/ticker.h"
#include "wasm/engine.h"

namespace sandbox {
namespace {

// More slots than admission has places: whoever was let in must not find the pool empty, in
// whatever order a call's slot and its place are let go.
constexpr std::uint32_t kSpareInstances = 128;
// A query's JSON of more bytes than this would hold up the loop while it is read.
constexpr std::size_t kReadOnLoop = 64 * base::kKiB;
// How long a guest that sleeps may go without a look at whether it is canceled.
constexpr std::chrono::milliseconds kLookForCancel{100};
// How long a call may go on with queries that the database answers at once, on this loop.
constexpr std::chrono::milliseconds kHoldsLoop{1};
// Turns that one call takes. A single one may be the machine's doing: a thread that was held up.
constexpr int kSpins = 2;
constexpr std::string_view kMagic("\0asm", 4);
constexpr std::string_view kSealPurpose = "roost compiled code 1";
#ifdef ROOST_SANITIZED
// Shadow memory and a reservation of terabytes do not fit together.
constexpr std::uint32_t kMaxPool = 64;
#else
constexpr std::uint32_t kMaxPool = 100'000;
#endif

// The last of the engine's causes, "  2: memory has …": the ones before it are about its own files.
std::string innermost(const std::string& message) {
  const std::size_t mark = message.rfind(": ");
  return mark == std::string::npos ? message : message.substr(mark + 2);
}

class EngineSandbox final : public Sandbox {
 public:
  EngineSandbox(wasm::Engine engine, const Settings& settings, const auth::MasterKey& master,
                ModuleSource& source, database::Pool& database, reactor::BlockingPool& blocking,
                reactor::BlockingPool& long_work)
      : engine_(std::move(engine)),
        budget_(settings.node_memory_bytes > 0 ? settings.node_memory_bytes
                                               : node_memory_bytes() / 2),
        ticker_(engine_),
        linker_(link_host_functions(engine_)),
        compiler_(settings.compiler_program),
        code_(settings.code_folder, engine_.compatibility(), master.derive(kSealPurpose)),
        left_(code_.sweep()),
        programs_(max_programs(max_mappings())),
        source_(source),
        database_(database),
        blocking_(blocking),
        long_work_(long_work),
        background_(blocking) {}

  reactor::Task<CallResult> call(reactor::Loop& loop, CallRequest request) override;
  base::Result<bool> preload(const base::Sha256& module) override;
  void keep_code_of(const std::set<base::Sha256>& modules) override {
    code_.keep_only(modules, left_);
  }
  base::Result<void> prepare(std::string_view module, const catalog::Limits& limits) override;
  [[nodiscard]] Live live() const override {
    return {instances_.load(), budget_.used(), budget_.total()};
  }

 private:
  using Busy = reactor::Loop::Busy;
  using Clock = base::Deadline::Clock;
  struct Counted {
    explicit Counted(std::atomic<std::uint64_t>& counter) : counter_(counter) { ++counter_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --counter_; }
    std::atomic<std::uint64_t>& counter_;
  };

  // `busy`: with a guest that is expected to keep the loop so.
  reactor::Task<CallResult> run(reactor::Loop& loop, ProgramPtr program, const CallRequest& request,
                                Busy busy);
  // Until the guest wakes, or is canceled.
  static reactor::Task<void> sleep(reactor::Loop& loop, GuestRun& guest,
                                   const std::atomic<bool>* canceled);
  // Has the guest's query answered.
  reactor::Task<void> query(reactor::Loop& loop, GuestRun& guest, const CallRequest& call);
  reactor::Task<base::Result<ProgramPtr>> find_or_load(const base::Sha256& hash);
  // `module` may be empty: its bytes are then asked for when its code is missing. Blocks, perhaps
  // for as long as a compilation.
  base::Result<ProgramPtr> load(const base::Sha256& hash, std::string_view module);
  // Null when there is no compiled code.
  base::Result<ProgramPtr> load_compiled(const base::Sha256& hash);
  base::Result<void> compile(const base::Sha256& hash, std::string_view module);

  wasm::Engine engine_;
  wasm::MemoryBudget budget_;
  Ticker ticker_;
  wasm::Linker linker_;
  Compiler compiler_;
  CodeStore code_;
  const CodeStore::Left left_;
  ProgramCache programs_;
  ModuleSource& source_;
  database::Pool& database_;
  reactor::BlockingPool& blocking_;
  reactor::BlockingPool& long_work_;
  Background background_;
  OncePerModule loading_;
  OncePerModule compiling_;
  std::atomic<std::uint64_t> instances_{0};
  const Grounds grounds_{engine_, budget_, ticker_};
};

reactor::Task<CallResult> EngineSandbox::call(reactor::Loop& loop, CallRequest request) {
  ProgramPtr program = programs_.find(request.module);
  if (!program) {
    auto loaded = co_await find_or_load(request.module);
    if (!loaded) co_return CallResult{base::fail(std::move(loaded.error())), {}, {}, {}};
    program = std::move(*loaded);
  }
  // What will keep a loop busy begins where fewest others do. The rest would lose more by the way
  // there and back than by waiting for a slice.
  const bool spins = program->spins->load(std::memory_order_relaxed);
  if (!spins || request.transaction != nullptr) {
    co_return co_await run(loop, std::move(program), request, {});
  }
  reactor::Loop& where = loop.least_busy();
  auto task = run(where, std::move(program), request, Busy(where));
  if (&where == &loop) co_return co_await std::move(task);
  CallResult result = co_await reactor::hand_over(loop, where, std::move(task));
  result.usage.handed_over = true;
  co_return result;
}

reactor::Task<CallResult> EngineSandbox::run(reactor::Loop& loop, ProgramPtr program,
                                             const CallRequest& request, Busy busy) {
  // Among its like it begins in its turn: those that wait would else starve behind ever new ones.
  if (busy && loop.slices().waiting() > 0) co_await loop.slices().turn();
  const Counted counted(instances_);
  GuestRun guest(grounds_, *program, request, loop.index());
  int turns = 0;
  auto since = Clock::now();  // it has had the loop for itself
  for (;;) {
    const bool done = guest.overruns() ? co_await background_.poll(loop, guest) : guest.poll();
    if (done) break;
    const GuestRun::Waits waits = guest.waits();
    if (waits == GuestRun::Waits::kTurn) {
      ++turns;
      if (!busy) busy = Busy(loop);
      if (!guest.overruns()) co_await loop.slices().turn();
      since = Clock::now();
      continue;
    }
    busy = {};
    const auto begin = Clock::now();
    if (waits == GuestRun::Waits::kDatabase) {
      co_await query(loop, guest, request);
    } else {
      co_await sleep(loop, guest, request.canceled);
      guest.wake_up();
    }
    const auto end = Clock::now();
    if (end - begin >= database::Pool::kShortRead) {
      since = end;
    } else if (end - since >= kHoldsLoop) {
      co_await loop.slices().turn();
      since = Clock::now();
    }
  }
  const bool spins = turns >= kSpins;
  if (program->spins->load(std::memory_order_relaxed) != spins) program->spins->store(spins);
  co_return guest.finish();
}

reactor::Task<void> EngineSandbox::sleep(reactor::Loop& loop, GuestRun& guest,
                                         const std::atomic<bool>* canceled) {
  const base::Deadline wake = guest.wake();
  if (canceled == nullptr) co_return co_await loop.sleep_until(wake);
  while (!canceled->load(std::memory_order_relaxed) && !wake.expired()) {
    co_await loop.sleep_until(wake.earlier(base::Deadline::after(kLookForCancel)));
  }
}

// Mapping what is compiled is short; what has to be compiled waits in the other pool, so that calls
// of functions whose code is there do not wait behind it.
reactor::Task<base::Result<ProgramPtr>> EngineSandbox::find_or_load(const base::Sha256& hash) {
  auto program = co_await blocking_.run([this, hash] { return load_compiled(hash); });
  if (program && *program == nullptr) {
    program = co_await long_work_.run([this, hash] { return load(hash, {}); });
  }
  co_return program;
}

// The database ends what it does at the call's deadline, and so this ends then too.
reactor::Task<void> EngineSandbox::query(reactor::Loop& loop, GuestRun& guest,
                                         const CallRequest& call) {
  const host::DatabaseRequest& request = guest.query();
  database::SqlResult<std::vector<database::Statement>> statements;
  if (request.json.size() <= kReadOnLoop) {
    statements = host::statements_of(request);
  } else {
    statements = co_await blocking_.run([&request] { return host::statements_of(request); });
  }
  if (!statements) {
    guest.answer(database::sql_fail(std::move(statements.error())));
    co_return;
  }
  const database::GuestAccess access(call.principal, call.depth);
  guest.answer(call.transaction != nullptr
                   ? co_await call.transaction->run(loop, access, *statements, guest.bounds())
                   : co_await database_.run(loop, access, *statements, guest.bounds()));
}

base::Result<void> EngineSandbox::prepare(std::string_view module, const catalog::Limits& limits) {
  if (!module.starts_with(kMagic)) {
    return base::fail(
        base::Code::kInvalidModule,
        "not a WebAssembly module: it does not begin with \\0asm; deploy the .wasm file");
  }
  auto program = load(base::sha256(module), module);
  if (!program) return base::fail(std::move(program.error()));
  if ((*program)->declared_memory_bytes > limits.memory_bytes) {
    return base::fail(base::Code::kInvalidModule,
                      "the module declares " +
                          base::format_size((*program)->declared_memory_bytes) +
                          " of memory, its limit is " + base::format_size(limits.memory_bytes) +
                          ": raise `memory`, or link it with a smaller initial memory");
  }
  return {};
}

base::Result<bool> EngineSandbox::preload(const base::Sha256& module) {
  if (programs_.size() >= programs_.capacity()) return false;
  const auto program = load(module, {});
  if (!program) return base::fail(program.error());
  return true;
}

base::Result<ProgramPtr> EngineSandbox::load(const base::Sha256& hash, std::string_view module) {
  if (auto program = load_compiled(hash); !program || *program) return program;
  if (auto compiled = compile(hash, module); !compiled)
    return base::fail(std::move(compiled.error()));
  auto program = load_compiled(hash);
  if (!program && program.error().code == base::Code::kInvalidModule) code_.remove(hash);
  if (program && !*program) {
    return base::fail(
        base::Code::kStorage,
        "compiled code was changed or deleted as soon as it was written: check who else "
        "writes into the data folder");
  }
  return program;
}

base::Result<ProgramPtr> EngineSandbox::load_compiled(const base::Sha256& hash) {
  const OncePerModule::Turn turn(loading_, hash);
  if (auto program = programs_.find(hash)) return program;
  const std::optional<Descriptor> file = code_.open(hash);
  if (!file) return nullptr;
  const auto mapped = wasm::Module::map(engine_, file->get());
  if (!mapped && mapped.error().code == base::Code::kUnavailable) {
    return base::fail(base::Code::kUnavailable,
                      "the system does not let the server map compiled code: " +
                          innermost(mapped.error().message) +
                          ": `roost doctor` says which of its limits is too low");
  }
  if (!mapped) {
    // The seal held, so this is our code for this engine: what is left is that the pool cannot hold
    // the module.
    return base::fail(base::Code::kInvalidModule,
                      "the module does not fit this server: " + innermost(mapped.error().message));
  }
  auto program = make_program(*mapped, linker_);
  if (!program) return base::fail(std::move(program.error()));
  auto shared = std::make_shared<const Program>(std::move(*program));
  programs_.insert(hash, shared);
  return shared;
}

base::Result<void> EngineSandbox::compile(const base::Sha256& hash, std::string_view module) {
  const OncePerModule::Turn turn(compiling_, hash);
  if (code_.open(hash)) return {};
  std::string stored;
  if (module.empty()) {
    auto bytes = source_.module(hash);
    if (!bytes) return base::fail(std::move(bytes.error()));
    stored = std::move(*bytes);
    module = stored;
  }
  return code_.put(hash, [&](int out) { return compiler_.compile(module, out); });
}

}  // namespace

base::Result<std::unique_ptr<Sandbox>> Sandbox::create(
    Settings settings, const auth::MasterKey& master, ModuleSource& source,
    database::Pool& database, reactor::BlockingPool& blocking, reactor::BlockingPool& long_work) {
  std::error_code error;
  std::filesystem::create_directories(settings.code_folder, error);
  if (error) {
    return base::fail(
        base::Code::kStorage,
        "cannot make the folder " + settings.code_folder.string() + ": " + error.message());
  }
  wasm::PoolSize pool;
  pool.instances = std::min(settings.max_instances + kSpareInstances, kMaxPool);
  auto engine = wasm::Engine::serving(pool);
  if (!engine) return base::fail(std::move(engine.error()));
  return std::make_unique<EngineSandbox>(std::move(*engine), settings, master, source, database,
                                         blocking, long_work);
}

}  // namespace sandbox
