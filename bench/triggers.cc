// Row events and schedules: how soon a function runs after a commit, how many events are drained
// each running a guest, what capture adds to an INSERT, how late ticks are.
//
// One process as `roost serve` is: the real pool, outbox, dispatcher, clock, invoker and sandbox
// (hello, a fresh instance for each event), two threads (one loop and the database's writer). The
// database is on the disk that holds the temporary folder, synchronous=FULL.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "bench/bench_sandbox.h"
#include "sandbox/compiler.h"
#include "triggers/node_test.h"

namespace {

using Clock = std::chrono::steady_clock;
using reactor::Task;
using std::chrono::milliseconds;
using triggers::Node;

constexpr const char* kSchema =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, age INTEGER) "
    "STRICT;"
    "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, age INTEGER) "
    "STRICT;"
    "GRANT SELECT, INSERT ON users, plain TO service_role;";

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "triggers: %s\n", why.c_str());
  std::exit(1);
}

double ms(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

double percentile(std::vector<double> values, double part) {
  if (values.empty()) die("nothing was measured");
  std::ranges::sort(values);
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

template <class Condition>
void wait_for(const Condition& condition, std::chrono::seconds patience, const char* what) {
  const auto end = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > end) die(std::string("waited in vain: ") + what);
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

// A node whose runs are hello's, in the real sandbox.
class World {
 public:
  explicit World(triggers::Dispatcher::Settings settings = {}) : node_(folder_, settings) {
    node_.sql(kSchema);
    node_.sandbox().notes = false;
    node_.sandbox().play = [this](
                               reactor::Loop& loop,
                               sandbox::CallRequest request) -> Task<base::Result<host::Response>> {
      started_at = Clock::now();
      sandbox::CallResult result =
          co_await guest_.sandbox().call(loop, {.module = guest_.hash(),
                                                .limits = request.limits,
                                                .environment = request.environment,
                                                .redactor = request.redactor,
                                                .principal = request.principal,
                                                .event = request.event,
                                                .depth = request.depth});
      if (!result.response) die(result.response.error().message);
      ++runs;
      co_return std::move(result.response);
    };
  }

  Node& node() { return node_; }
  [[nodiscard]] std::string file() const { return (folder_ / "data.db").string(); }

  std::atomic<int> runs = 0;
  std::atomic<Clock::time_point> started_at{};

 private:
  database::TestFolder folder_;
  bench::BenchSandbox guest_{ROOST_HELLO};
  Node node_;
};

class Shell {
 public:
  explicit Shell(const std::string& file) {
    if (sqlite3_open(file.c_str(), &connection_) != SQLITE_OK) die("cannot open " + file);
    sqlite3_busy_timeout(connection_, 10'000);
    run("PRAGMA synchronous = FULL");
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  ~Shell() { sqlite3_close(connection_); }
  void run(const std::string& sql) {
    if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      die(std::string(sqlite3_errmsg(connection_)) + ": " + sql);
    }
  }

 private:
  sqlite3* connection_ = nullptr;
};

void report_latency(const char* name, const std::vector<double>& values) {
  std::printf("%-44s p50 %8.3f ms   p99 %8.3f ms   (%zu)\n", name, percentile(values, 0.5),
              percentile(values, 0.99), values.size());
}

// One change at a time: from the commit's answer to the start of the run.
void measure_latency() {
  World world;
  world.node().deploy("hello", {"table:users:insert"});
  world.node().dispatcher().start();
  const auto principal = auth::Principal::service();
  std::vector<double> guests;
  for (int i = 0; i < 500; ++i) {
    const int before = world.runs;
    if (!world.node().run_as(principal, "INSERT INTO users (name) VALUES ('a')")) die("insert");
    const auto committed = Clock::now();
    wait_for([&] { return world.runs > before; }, std::chrono::seconds(5), "a run");
    guests.push_back(std::max(0.0, ms(world.started_at.load() - committed)));
  }
  report_latency("commit of a function's insert -> run starts", guests);
  Shell shell(world.file());
  std::vector<double> others;
  for (int i = 0; i < 300; ++i) {
    const int before = world.runs;
    shell.run("INSERT INTO users (name) VALUES ('a')");
    const auto committed = Clock::now();
    wait_for([&] { return world.runs > before; }, std::chrono::seconds(5), "a run");
    others.push_back(std::max(0.0, ms(world.started_at.load() - committed)));
  }
  report_latency("commit of another program -> run starts", others);
}

void measure_drain(int events) {
  World world;
  world.node().deploy("hello", {"table:users:insert"});
  Shell shell(world.file());
  shell.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(events) +
      ") INSERT INTO users (name, email, age) SELECT 'user ' || i, i || '@example.com', i % 90 "
      "FROM n");
  const auto begin = Clock::now();
  world.node().dispatcher().start();
  wait_for([&] { return world.runs >= events; }, std::chrono::seconds(600), "all runs");
  wait_for([&] { return world.node().number("SELECT count(*) FROM _roost_delivery") == 0; },
           std::chrono::seconds(60), "all settled");
  std::printf("%-44s %8.0f events/s   (%d, each a fresh guest, settled)\n", "drained",
              events / (ms(Clock::now() - begin) / 1000), events);
}

// Many rows in one transaction, so that the disk does not hide the difference.
void measure_capture() {
  constexpr int kRows = 20'000;
  World world;
  world.node().deploy("hello", {"table:users:insert"});
  Shell shell(world.file());
  const auto insert = [&](const char* table) {
    const auto begin = Clock::now();
    shell.run(
        std::string("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ") +
        std::to_string(kRows) + ") INSERT INTO " + table +
        " (name, email, age) SELECT 'user ' || i, i || '@example.com', i % 90 FROM n");
    return ms(Clock::now() - begin) * 1000 / kRows;
  };
  std::vector<double> with;
  std::vector<double> without;
  for (int round = 0; round < 5; ++round) {
    without.push_back(insert("plain"));
    with.push_back(insert("users"));
  }
  std::printf("%-44s %8.2f us a row more   (%.2f with, %.2f without)\n", "capture of an INSERT",
              percentile(with, 0.5) - percentile(without, 0.5), percentile(with, 0.5),
              percentile(without, 0.5));
}

// `count` schedules spread over the hour; how late their ticks' events are.
void measure_schedules(const char* name, int count, std::chrono::seconds watch) {
  World world;
  world.node().deploy("hello", {"cron:0 0 1 1 *"});
  Shell shell(world.file());
  const auto now = triggers::now_of_database();
  const auto first = (now / 1000 + 4) * 1000;
  shell.run(
      "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(count) +
      ") INSERT INTO _roost_trigger (function, head, spec, version, max_attempts, "
      "first_delay_ms, longest_delay_ms, format, transactional, missed, overlap) SELECT "
      "'hello' || i, 'cron:' || (i % 60) || ' ' || (i / 60 % 60) || ' * * * *', i, 1, 5, 1000, "
      "1000, 'roost', 0, 'once', 'allow' FROM n;"
      // Each pattern's own next time: the clock would rewind any other.
      "INSERT INTO _roost_schedule (trigger_id, next_at) SELECT id, " +
      std::to_string(first) + " + (spec % 3600 * 1000 - " + std::to_string(first) +
      " % 3600000 + 3600000) % 3600000 FROM _roost_trigger WHERE function <> 'hello'; COMMIT");
  world.node().clock().start();
  const auto end = first + watch.count() * 1000;
  wait_for([&] { return triggers::now_of_database() > end; }, watch + std::chrono::seconds(30),
           "time");
  std::vector<double> late;
  for (const auto& row : world.node().rows(
           "SELECT d.due_at - e.created_at FROM _roost_delivery d JOIN _roost_event e "
           "ON e.id = d.event_id")) {
    late.push_back(static_cast<double>(triggers::number_of(row.front())));
  }
  std::printf("%-44s p50 %8.0f ms   p99 %8.0f ms   max %.0f ms (%zu ticks)\n", name,
              percentile(late, 0.5), percentile(late, 0.99), percentile(late, 1), late.size());
}

// All due in one second: until the last of their runs has started.
void measure_burst(int count) {
  World world;
  world.node().deploy("hello", {"cron:0 0 1 1 *"});
  const auto due = triggers::now_of_database() + 1500;
  Shell shell(world.file());
  shell.run("WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= " +
            std::to_string(count) +
            ") INSERT INTO _roost_trigger (id, function, head, spec, version, max_attempts, "
            "first_delay_ms, longest_delay_ms, format, transactional, missed, overlap) SELECT i, "
            "'hello', 'cron:' || (i % 60) || ' ' || (i / 60) || ' * * * *', i, 1, 5, 1000, 1000, "
            "'roost', 0, 'once', 'allow' FROM n");
  shell.run("INSERT INTO _roost_schedule (trigger_id, next_at) SELECT id, " +
            std::to_string(due / 1000 * 1000) + " FROM _roost_trigger WHERE id > 1");
  world.node().dispatcher().start();
  world.node().clock().start();
  wait_for([&] { return world.runs >= count; }, std::chrono::seconds(60), "all runs");
  const auto now = triggers::now_of_database();
  std::printf("%-44s %8lld ms from their time to the last run's start (%d)\n",
              "schedules due at once", static_cast<long long>(now - due / 1000 * 1000), count);
}

// --quick for shorter runs, --drain COUNT for that alone.
void measure(const std::vector<std::string>& arguments) {
  const bool quick = !arguments.empty() && arguments[0] == "--quick";
  if (!arguments.empty() && arguments[0] == "--drain") {
    measure_drain(arguments.size() > 1 ? std::stoi(arguments[1]) : 20'000);
    return;
  }
  measure_latency();
  measure_drain(quick ? 5'000 : 50'000);
  measure_capture();
  measure_burst(1'000);
  measure_schedules("100000 schedules over the hour: lateness", 100'000,
                    std::chrono::seconds(quick ? 5 : 30));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "compile") return sandbox::compile_main(0, 1);
  try {
    measure({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
