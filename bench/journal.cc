// What a journal costs a call: an entry as hello makes one, appended; and what it adds to the whole
// call, also where it drops every entry (a full disk). What it adds is less than two separate runs
// differ, so calls with it and without take turns, and each round's own difference is what counts.
//
// Bar: 1 µs a call.
#include "journal/journal.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

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

enum class Disk { kFree, kFull };

constexpr int kRounds = 15;
// Over a segment's worth (16 MiB), so that sealing it in the background falls into the calls that
// filled it: rounds of a few thousand leave most of that to their neighbours.
constexpr int kCalls = 50'000;

// Microseconds a call; with a journal, what invoke/ does with the result is part of it.
double time_calls(bench::BenchSandbox& sandbox, BenchJournal* journal) {
  const journal::Entry typical = typical_entry();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    sandbox::CallResult result = sandbox.call();
    if (journal == nullptr) continue;
    journal::Entry entry = typical;
    entry.duration = result.usage.duration;
    entry.lines = std::move(result.lines);
    (*journal)->append(entry);
  }
  const std::chrono::duration<double, std::micro> span = std::chrono::steady_clock::now() - begin;
  return span.count() / kCalls;
}

// One iteration is one round; its time says nothing, the counters are the result.
void added_to_a_call(benchmark::State& state, Disk disk) {
  bench::BenchSandbox sandbox(ROOST_HELLO);
  BenchJournal journal(disk == Disk::kFull ? journal::Retention{.segment_bytes = kNoDisk}
                                           : journal::Retention{});
  std::vector<double> added;
  for ([[maybe_unused]] auto _ : state) {
    // The order alternates, too: neither side always follows the other.
    const bool first = added.size() % 2 == 0;
    const double one = time_calls(sandbox, first ? &journal : nullptr);
    const double other = time_calls(sandbox, first ? nullptr : &journal);
    added.push_back(first ? one - other : other - one);
  }
  if ((journal->dropped() > 0) != (disk == Disk::kFull)) {
    state.SkipWithError("the journal dropped what it should keep, or kept what it should drop");
  }
  std::ranges::sort(added);
  state.counters["median_us"] = added[added.size() / 2];
  state.counters["least_us"] = added.front();
  state.counters["greatest_us"] = added.back();
}

void open_shared(const benchmark::State&) { shared_journal = std::make_unique<BenchJournal>(); }
void close_shared(const benchmark::State&) { shared_journal.reset(); }

BENCHMARK(append)->Setup(open_shared)->Teardown(close_shared)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(added_to_a_call, journal, Disk::kFree)->Iterations(kRounds)->Repetitions(1);
BENCHMARK_CAPTURE(added_to_a_call, journal_on_a_full_disk, Disk::kFull)
    ->Iterations(kRounds)
    ->Repetitions(1);

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv); }
