#include "triggers/clock.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "catalog/trigger_options.h"
#include "triggers/cron_schedule.h"
#include "triggers/outbox.h"
#include "triggers/overlap.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

namespace asio = boost::asio;
using database::Row;
using database::SqlResult;
using database::Statement;
using reactor::Task;
using std::chrono::milliseconds;
using Tables = std::vector<std::vector<Row>>;

constexpr std::int64_t kAtOnce = 1000;
constexpr std::size_t kMaxMissed = 1000;
constexpr std::size_t kMaxPatterns = 10'000;
constexpr milliseconds kPoll{1'000};
constexpr milliseconds kAfterFailure{500};
constexpr std::chrono::seconds kPatience{30};
// A tick that is later than this was missed.
constexpr Milliseconds kLate = 60'000;
// The machine's clock was set back by at least so much.
constexpr milliseconds kSetBack{2'000};
constexpr std::string_view kCron = "cron:";

struct Due {
  TriggerId trigger = 0;
  std::string function;
  std::string pattern;
  std::string missed;   // catalog::MissedRuns
  std::string overlap;  // catalog::Overlap
  Milliseconds at = 0;
};

Due read_due(const Row& row) {
  return {number_of(row[0]), text_of(row[1]), text_of(row[2]).substr(kCron.size()),
          text_of(row[3]),   text_of(row[4]), number_of(row[5])};
}

// Up to the time at which it is enqueued.
std::string payload(const Due& due, Milliseconds at) {
  std::string json = R"({"trigger":"schedule","cron":)";
  base::append_json_string(json, due.pattern);
  return json + R"(,"scheduled_time":")" + utc_text(at) + R"(","actual_time":")";
}

// The fence is the schedule's own time: who comes second changes nothing.
void enqueue(std::vector<Statement>& statements, const Due& due, Milliseconds at) {
  statements.push_back(
      {"INSERT INTO _roost_tick (trigger_id, at) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM "
       "_roost_schedule WHERE trigger_id = $1 AND next_at = $3 AND paused = 0) "
       "ON CONFLICT DO NOTHING",
       {due.trigger, at, due.at}});
  statements.push_back(
      {fmt::format("INSERT INTO _roost_event (trigger_id, function, version, key, payload, depth, "
                   "created_at) SELECT $1, $2, (SELECT version FROM _roost_trigger WHERE id = $1), "
                   "$3, $4 || strftime('%Y-%m-%dT%H:%M:%fZ', 'now') || '\"}}', 1, $5 "
                   "WHERE changes() = 1{}",
                   unless_forbidden(due.overlap)),
       {due.trigger, due.function, fmt::format("tick-{}-{}", due.trigger, at), payload(due, at),
        at}});
  statements.push_back(
      {fmt::format("INSERT INTO _roost_delivery (event_id, trigger_id, lane, size, state, due_at) "
                   "SELECT last_insert_rowid(), $1, $2, 200, 1, {} WHERE changes() = 1",
                   kDatabaseNow),
       {due.trigger, fmt::format("tick-{}", at)}});
}

// Of the ticks of one trigger only the last goes on.
void replace(std::vector<Statement>& statements, const Due& due) {
  constexpr std::string_view kEarlier =
      "(SELECT event_id FROM _roost_delivery WHERE trigger_id = $1 AND state < 2 AND event_id < "
      "(SELECT max(event_id) FROM _roost_delivery WHERE trigger_id = $1 AND state < 2))";
  statements.push_back(
      {fmt::format("DELETE FROM _roost_event WHERE id IN {}", kEarlier), {due.trigger}});
  statements.push_back(
      {fmt::format("DELETE FROM _roost_delivery WHERE event_id IN {}", kEarlier), {due.trigger}});
}

void move_on(std::vector<Statement>& statements, const Due& due, Milliseconds last,
             Milliseconds next) {
  statements.push_back(
      {"UPDATE _roost_schedule SET last_at = $2, next_at = $3 WHERE trigger_id = $1 "
       "AND next_at = $4 AND paused = 0",
       {due.trigger, last, next, due.at}});
  // Ticks are kept as long as a second process could still come with one.
  statements.push_back({"DELETE FROM _roost_tick WHERE trigger_id = $1 AND at < $2 - 86400000",
                        {due.trigger, last}});
}

Milliseconds milliseconds_of(std::chrono::sys_seconds time) {
  return time.time_since_epoch().count() * 1000;
}
std::chrono::sys_seconds seconds_of(Milliseconds time) {
  return std::chrono::sys_seconds(std::chrono::seconds(time / 1000));
}

// The last `most` of the times from `first`, which is one, until now. Looked for near the present
// first: a schedule of each second that nobody ran for a year has millions.
std::deque<Milliseconds> passed(const CronSchedule& schedule, Milliseconds first, Milliseconds now,
                                std::size_t most) {
  using std::chrono::hours;
  std::deque<Milliseconds> times;
  for (const milliseconds span :
       {milliseconds(60'000), milliseconds(hours(1)), milliseconds(hours(24)),
        milliseconds(hours(24 * 31)), milliseconds(hours(24 * 366 * 300))}) {
    const Milliseconds from = std::max(first, now - span.count());
    times.clear();
    if (from == first) times.push_back(first);
    for (auto next = schedule.next(seconds_of(from)); next && milliseconds_of(*next) <= now;
         next = schedule.next(*next)) {
      times.push_back(milliseconds_of(*next));
      if (times.size() > most) times.pop_front();
    }
    if (times.size() >= most || from == first) break;
  }
  return times;
}

}  // namespace

class Clock::State : public std::enable_shared_from_this<State> {
 public:
  State(database::Pool& pool, reactor::Loop& loop, telemetry::Metrics& metrics,
        const telemetry::Log& log)
      : pool_(pool), loop_(loop), metrics_(metrics), log_(log), timer_(loop.executor()) {}

  void start() {
    loop_.spawn([](std::shared_ptr<State> state) -> Task<void> {
      co_await state->run();
    }(shared_from_this()));
  }
  void wake() {
    loop_.post([self = shared_from_this()] {
      self->woken_ = true;
      self->timer_.cancel();
    });
  }
  void stop() {
    stopping_ = true;
    wake();
  }

 private:
  using Timer =
      asio::basic_waitable_timer<base::Deadline::Clock, asio::wait_traits<base::Deadline::Clock>,
                                 reactor::Executor>;

  Task<void> run() {
    while (!stopping_) {
      woken_ = false;
      if (was_set_back()) co_await rewind();
      const auto pause = co_await tick();
      if (woken_ || stopping_) continue;
      timer_.expires_after(pause);
      co_await timer_.async_wait(asio::as_tuple(reactor::kAwait));
    }
  }

  Task<SqlResult<Tables>> ask(std::vector<Statement> statements) {
    database::Bounds bounds;
    bounds.deadline = base::Deadline::after(kPatience);
    co_return co_await pool_.run(loop_, database::SystemAccess(), std::move(statements), bounds);
  }

  // Enqueues what is due; how long until there may be more.
  Task<milliseconds> tick() {
    const Milliseconds now = now_of_database();
    std::vector<Statement> questions{
        {fmt::format("SELECT s.trigger_id, t.function, t.head, t.missed, t.overlap, s.next_at FROM "
                     "_roost_schedule s JOIN _roost_trigger t ON t.id = s.trigger_id WHERE "
                     "s.paused = 0 AND s.next_at <= $1 ORDER BY s.next_at LIMIT {}",
                     kAtOnce),
         {now}},
        {"SELECT min(next_at) FROM _roost_schedule WHERE paused = 0", {}}};
    auto answers = co_await ask(std::move(questions));
    if (!answers) co_return failed(answers.error());
    std::vector<Statement> statements;
    for (const Row& row : (*answers)[0]) advance(statements, read_due(row), now);
    if (!statements.empty()) {
      auto enqueued = co_await ask(std::move(statements));
      if (!enqueued) co_return failed(enqueued.error());
      co_return milliseconds(0);
    }
    const database::Value& next = (*answers)[1].front().front();
    if (std::holds_alternative<database::Null>(next)) co_return kPoll;
    co_return std::clamp(milliseconds(number_of(next) - now), milliseconds(1), kPoll);
  }

  void advance(std::vector<Statement>& statements, const Due& due, Milliseconds now) {
    const CronSchedule* schedule = schedule_of(due.pattern);
    if (schedule == nullptr) return;
    const bool all = due.missed == catalog::name_of(catalog::MissedRuns::kAll);
    const bool skip = due.missed == catalog::name_of(catalog::MissedRuns::kSkip);
    const auto times = passed(*schedule, due.at, now, all ? kMaxMissed : 1);
    const Milliseconds last = times.back();
    const auto next = schedule->next(seconds_of(now));
    if (!skip || now - last <= kLate) {
      for (const Milliseconds at : times) {
        enqueue(statements, due, at);
        metrics_.tick_enqueued(milliseconds(now - at));
      }
      if (due.overlap == catalog::name_of(catalog::Overlap::kReplace)) replace(statements, due);
    }
    move_on(statements, due, last, next ? milliseconds_of(*next) : kNever);
  }

  // Schedules that a wrong clock has put too far off; a tick that was enqueued is not again.
  Task<void> rewind() {
    const Milliseconds now = now_of_database();
    std::vector<Statement> questions{
        {"SELECT s.trigger_id, t.function, t.head, t.missed, t.overlap, s.next_at FROM "
         "_roost_schedule s JOIN _roost_trigger t ON t.id = s.trigger_id WHERE s.next_at > $1",
         {now}}};
    auto answers = co_await ask(std::move(questions));
    if (!answers) co_return;
    std::vector<Statement> statements;
    for (const Row& row : answers->front()) {
      const Due due = read_due(row);
      const CronSchedule* schedule = schedule_of(due.pattern);
      const auto next = schedule == nullptr ? std::nullopt : schedule->next(seconds_of(now));
      if (!next || milliseconds_of(*next) >= due.at) continue;
      statements.push_back(
          {"UPDATE _roost_schedule SET next_at = $2 WHERE trigger_id = $1 AND "
           "next_at = $3",
           {due.trigger, milliseconds_of(*next), due.at}});
    }
    if (!statements.empty()) static_cast<void>(co_await ask(std::move(statements)));
  }

  // Whether the machine's clock went back since the last look.
  bool was_set_back() {
    const auto steady = std::chrono::steady_clock::now();
    const Milliseconds now = now_of_database();
    const auto passed = std::chrono::floor<milliseconds>(steady - seen_steady_);
    const bool back = milliseconds(now - seen_now_) < passed - kSetBack;
    seen_steady_ = steady;
    seen_now_ = now;
    return back;
  }

  const CronSchedule* schedule_of(const std::string& pattern) {
    auto found = schedules_.find(pattern);
    if (found == schedules_.end()) {
      if (schedules_.size() >= kMaxPatterns) schedules_.clear();
      auto parsed = CronSchedule::parse(pattern);
      if (!parsed) {
        log_.warn("a schedule cannot be read", {{"pattern", pattern}});
        return nullptr;
      }
      found = schedules_.emplace(pattern, std::move(*parsed)).first;
    }
    return &found->second;
  }

  milliseconds failed(const database::SqlError& error) {
    log_.warn("schedules cannot be looked at", {{"error", error.message}});
    return kAfterFailure;
  }

  database::Pool& pool_;
  reactor::Loop& loop_;
  telemetry::Metrics& metrics_;
  const telemetry::Log& log_;
  Timer timer_;
  std::map<std::string, CronSchedule> schedules_;
  // The first look finds the clock set back: what was stored by a wrong one is mended at the start.
  std::chrono::steady_clock::time_point seen_steady_ = std::chrono::steady_clock::now();
  Milliseconds seen_now_ = INT64_MAX / 2;
  bool woken_ = false;
  std::atomic<bool> stopping_ = false;
};

Clock::Clock(database::Pool& pool, reactor::Loop& loop, telemetry::Metrics& metrics,
             const telemetry::Log& log)
    : state_(std::make_shared<State>(pool, loop, metrics, log)) {}

Clock::~Clock() = default;

void Clock::start() { state_->start(); }
void Clock::wake() { state_->wake(); }
void Clock::stop() { state_->stop(); }

}  // namespace triggers
