// What a journal costs a call: an entry as hello makes one, appended; and the whole call with a
// journal, with one that drops every entry (a full disk), and without any.
//
// Bar: 1 µs a call.
#include "journal/journal.h"

#include <array>
#include <memory>

#include <benchmark/benchmark.h>

#include "base/id.h"
#include "bench/bench_sandbox.h"

namespace {

journal::Entry typical_entry() {
  return {.id = base::make_uuid(),
          .function = "hello",
          .version = 3,
          .trigger = "http",
          .status = journal::Status::kSuccess,
          .duration = std::chrono::microseconds(21),
          .cpu = std::chrono::microseconds(17),
          .peak_memory_bytes = 131'072,
          .error = {},
          .user_id = "6f1c1f0e-8f0c-4a57-9d0e-2f1f2a3b4c5d",
          .time = std::chrono::system_clock::now(),
          .lines = {"[Function] greeting World"}};
}

// A journal in a folder of its own.
class BenchJournal {
 public:
  explicit BenchJournal(journal::Retention retention = {})
      : folder_(std::filesystem::temp_directory_path() / ("roost-bench-" + base::make_uuid())) {
    auto opened = journal::Journal::open(folder_, retention);
    if (!opened) {
      std::cerr << opened.error().message << '\n';
      std::exit(1);
    }
    journal_ = std::move(*opened);
  }
  BenchJournal(const BenchJournal&) = delete;
  BenchJournal& operator=(const BenchJournal&) = delete;
  ~BenchJournal() {
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }
  journal::Journal* operator->() { return journal_.get(); }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<journal::Journal> journal_;
};

std::unique_ptr<BenchJournal> shared_journal;

void append(benchmark::State& state) {
  const journal::Entry entry = typical_entry();
  for ([[maybe_unused]] auto _ : state) (*shared_journal)->append(entry);
  if (state.thread_index() == 0 && (*shared_journal)->dropped() > 0) {
    state.SkipWithError("entries were dropped");
  }
}

// A segment of this size cannot be made on any disk, so that the journal drops everything.
constexpr std::uint64_t kNoDisk = 1ULL << 60U;

enum class With { kNothing, kJournal, kDropping };

// What invoke/ does with the result of a call, around the sandbox's own part.
void invoke_simple_function(benchmark::State& state, With with) {
  bench::BenchSandbox sandbox(ROOST_HELLO);
  BenchJournal journal(with == With::kDropping ? journal::Retention{.segment_bytes = kNoDisk}
                                               : journal::Retention{});
  const journal::Entry typical = typical_entry();
  for ([[maybe_unused]] auto _ : state) {
    sandbox::CallResult result = sandbox.call();
    if (with == With::kNothing) continue;
    journal::Entry entry = typical;
    entry.duration = result.usage.duration;
    entry.lines = std::move(result.lines);
    journal->append(entry);
  }
  if ((journal->dropped() > 0) != (with == With::kDropping)) {
    state.SkipWithError("the journal dropped what it should keep, or kept what it should drop");
  }
}

void open_shared(const benchmark::State&) { shared_journal = std::make_unique<BenchJournal>(); }
void close_shared(const benchmark::State&) { shared_journal.reset(); }

BENCHMARK(append)->Setup(open_shared)->Teardown(close_shared)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(invoke_simple_function, without_a_journal, With::kNothing)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(invoke_simple_function, with_a_journal, With::kJournal)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(invoke_simple_function, with_a_journal_that_drops, With::kDropping)
    ->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv); }
