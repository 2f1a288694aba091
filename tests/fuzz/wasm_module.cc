// Modules: compiled, and called with small limits where they are valid.
//
//   input = a module, or its text
// Compiled in this process, unlike on a server, so that a fuzzer sees what happens.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "fuzz/input.h"
#include "sandbox/descriptor.h"
#include "sandbox/guest_run.h"
#include "sandbox/host_functions.h"
#include "sandbox/program.h"
#include "wasm/engine.h"
#include "wasm/module.h"

namespace {

using sandbox::GuestRun;

constexpr std::string_view kMagic("\0asm", 4);
constexpr std::uint64_t kMemory = 16 * base::kMiB;
constexpr int kMaxSlices = 50;

const wasm::Engine& compiling() {
  static const wasm::Engine kEngine = std::move(wasm::Engine::compiling().value());
  return kEngine;
}

struct Ground {
  wasm::Engine engine =
      std::move(wasm::Engine::serving({.instances = 2, .max_memory_bytes = kMemory}).value());
  wasm::Linker linker = sandbox::link_host_functions(engine);
  wasm::MemoryBudget budget{2 * kMemory};
  sandbox::Ticker ticker{engine};
  sandbox::Grounds grounds{engine, budget, ticker};

  base::Sha256 hash{};
  catalog::Limits limits{.timeout = std::chrono::milliseconds(100),
                         .cpu = std::chrono::milliseconds(20),
                         .memory_bytes = kMemory,
                         .response_bytes = 4096,
                         .log_bytes = 4096};
  host::Environment environment{{"GREETING", "Hello"}};
  telemetry::Redactor redactor = telemetry::Redactor::of_environment(environment);
  auth::Principal principal = auth::Principal::anonymous();
  host::Event event{.method = "POST",
                    .path = "/",
                    .query = "a=b",
                    .headers = {},
                    .body = "a body",
                    .request_id = "1"};

  [[nodiscard]] sandbox::CallRequest request() const {
    return {.module = hash,
            .limits = limits,
            .environment = environment,
            .redactor = redactor,
            .principal = principal,
            .event = event};
  }
};

// Nothing: the pool of a server cannot hold it, say two tables.
std::optional<wasm::Module> load(const wasm::Engine& engine, std::string_view code) {
  const sandbox::Descriptor file(::memfd_create("code", MFD_CLOEXEC));
  const auto written = ::write(file.get(), code.data(), code.size());
  fuzz::require(written == static_cast<ssize_t>(code.size()), "code fits into a memory file");
  auto module = wasm::Module::map(engine, file.get());
  if (module) return std::move(*module);
  const std::string& message = module.error().message;
  fuzz::require(message.contains("table") || message.contains("memory"),
                "what was compiled can be loaded, or is said to be too much for a server");
  return std::nullopt;
}

// As the sandbox's driver does; a guest that sleeps, or runs for long, is dropped.
void call(Ground& ground, const sandbox::Program& program) {
  const sandbox::CallRequest request = ground.request();
  GuestRun guest(ground.grounds, program, request, 0);
  bool done = guest.poll();
  for (int slice = 0; !done && slice < kMaxSlices; ++slice) {
    if (guest.waits() == GuestRun::Waits::kClock) return;
    if (guest.waits() == GuestRun::Waits::kDatabase) {
      guest.answer(std::vector<database::Rows>(1));
    }
    done = guest.poll();
  }
  if (!done) return;
  const sandbox::CallResult result = guest.finish();
  fuzz::require(result.usage.peak_memory_bytes <= kMemory, "a guest keeps to its memory");
  if (!result.response) return;
  fuzz::require(result.response->status >= 200 && result.response->status <= 599,
                "an answer has a status");
  fuzz::require(result.response->body.size() <= 4096, "an answer keeps to its limit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Ground ground;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with(kMagic)) {
    auto binary = wasm::Engine::from_text(bytes);
    if (!binary) return 0;
    bytes = std::move(*binary);
  }
  const auto code = compiling().compile(bytes);
  fuzz::require(code || !code.error().message.empty(), "a refusal says why");
  if (!code) return 0;
  const auto module = load(ground.engine, *code);
  if (!module) return 0;
  const auto program = sandbox::make_program(*module, ground.linker);
  if (!program || program->declared_memory_bytes > kMemory) return 0;
  call(ground, *program);
  fuzz::require(ground.budget.used() == 0, "nothing of a call is left behind");
  return 0;
}
