#include "triggers/clock.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/encoding.h"
#include "triggers/cron_schedule.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

namespace asio = boost::asio;
using database::Row;
using database::SqlResult;
using database::Statement;
using reactor::Task;
using Tables = std::vector<std::vector<Row>>;

constexpr std::int64_t kAtOnce = 1000;
constexpr std::chrono::milliseconds kPoll{1'000};
constexpr std::chrono::milliseconds kAfterFailure{500};
constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kCron = "cron:";

std::string utc(std::int64_t milliseconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                     milliseconds % 1000);
}

struct Due {
  std::int64_t trigger = 0;
  std::string function;
  std::string pattern;
  std::int64_t at = 0;
};

std::string payload(const Due& due) {
  std::string json = R"({"trigger":"schedule","cron":)";
  base::append_json_string(json, due.pattern);
  json += R"(,"scheduled_time":")" + utc(due.at) + "\"}";
  return json;
}

// The fence is the schedule's own time: who comes second changes nothing.
void enqueue(std::vector<Statement>& statements, const Due& due, std::int64_t next) {
  statements.push_back(
      {"INSERT INTO _roost_tick (trigger_id, at) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM "
       "_roost_schedule WHERE trigger_id = $1 AND next_at = $2 AND paused = 0) "
       "ON CONFLICT DO NOTHING",
       {due.trigger, due.at}});
  statements.push_back(
      {fmt::format("INSERT INTO _roost_event (trigger_id, function, key, lane, payload, depth, "
                   "state, due_at, created_at) SELECT $1, $2, $3, $4, "
                   "json_set($5, '$.actual_time', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), 1, "
                   "'pending', {0}, {0} WHERE changes() = 1",
                   kDatabaseNow),
       {due.trigger, due.function, fmt::format("tick-{}-{}", due.trigger, due.at),
        fmt::format("tick-{}", due.at), payload(due)}});
  statements.push_back(
      {"UPDATE _roost_schedule SET last_at = $2, next_at = $3 WHERE trigger_id = $1 "
       "AND next_at = $2",
       {due.trigger, due.at, next}});
  // Ticks are kept as long as a second process could still come with one.
  statements.push_back({"DELETE FROM _roost_tick WHERE trigger_id = $1 AND at < $2 - 86400000",
                        {due.trigger, due.at}});
}

}  // namespace

class Clock::State : public std::enable_shared_from_this<State> {
 public:
  State(database::Pool& pool, reactor::Loop& loop, const telemetry::Log& log)
      : pool_(pool), loop_(loop), log_(log), timer_(loop.executor()) {}

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
  Task<std::chrono::milliseconds> tick() {
    std::vector<Statement> questions{
        {fmt::format("SELECT s.trigger_id, t.function, t.spec, s.next_at, {0} FROM _roost_schedule "
                     "s JOIN _roost_trigger t ON t.id = s.trigger_id WHERE s.paused = 0 "
                     "AND s.next_at <= {0} ORDER BY s.next_at LIMIT {1}",
                     kDatabaseNow, kAtOnce),
         {}},
        {fmt::format("SELECT min(next_at) - {} FROM _roost_schedule WHERE paused = 0",
                     kDatabaseNow),
         {}}};
    auto answers = co_await ask(std::move(questions));
    if (!answers) co_return failed(answers.error());
    std::vector<Statement> statements;
    for (const Row& row : (*answers)[0]) {
      Due due{number_of(row[0]), text_of(row[1]), text_of(row[2]).substr(kCron.size()),
              number_of(row[3])};
      advance(statements, std::move(due), number_of(row[4]));
    }
    if (!statements.empty()) {
      auto enqueued = co_await ask(std::move(statements));
      if (!enqueued) co_return failed(enqueued.error());
      co_return std::chrono::milliseconds(0);
    }
    const database::Value& left = (*answers)[1].front().front();
    if (std::holds_alternative<database::Null>(left)) co_return kPoll;
    co_return std::clamp(std::chrono::milliseconds(number_of(left)), std::chrono::milliseconds(1),
                         kPoll);
  }

  // Of several missed times the last one runs.
  void advance(std::vector<Statement>& statements, Due due, std::int64_t now) {
    const CronSchedule* schedule = schedule_of(due.pattern);
    if (schedule == nullptr) return;
    const std::chrono::sys_seconds present{std::chrono::seconds(now / 1000)};
    const std::int64_t first = due.at;
    auto next = schedule->next(std::chrono::sys_seconds(std::chrono::seconds(due.at / 1000)));
    for (int i = 0; next && *next <= present && i < 1'000'000; ++i) {
      due.at = next->time_since_epoch().count() * 1000;
      next = schedule->next(*next);
    }
    if (due.at != first) {
      statements.push_back(
          {"UPDATE _roost_schedule SET next_at = $3 WHERE trigger_id = $1 "
           "AND next_at = $2",
           {due.trigger, first, due.at}});
    }
    enqueue(statements, due, next ? next->time_since_epoch().count() * 1000 : INT64_MAX);
  }

  const CronSchedule* schedule_of(const std::string& pattern) {
    auto found = schedules_.find(pattern);
    if (found == schedules_.end()) {
      auto parsed = CronSchedule::parse(pattern);
      if (!parsed) {
        log_.warn("a schedule cannot be read", {{"pattern", pattern}});
        return nullptr;
      }
      found = schedules_.emplace(pattern, std::move(*parsed)).first;
    }
    return &found->second;
  }

  std::chrono::milliseconds failed(const database::SqlError& error) {
    log_.warn("schedules cannot be looked at", {{"error", error.message}});
    return kAfterFailure;
  }

  database::Pool& pool_;
  reactor::Loop& loop_;
  const telemetry::Log& log_;
  Timer timer_;
  std::map<std::string, CronSchedule> schedules_;
  bool woken_ = false;
  std::atomic<bool> stopping_ = false;
};

Clock::Clock(database::Pool& pool, reactor::Loop& loop, const telemetry::Log& log)
    : state_(std::make_shared<State>(pool, loop, log)) {}

Clock::~Clock() = default;

void Clock::start() { state_->start(); }
void Clock::wake() { state_->wake(); }
void Clock::stop() { state_->stop(); }

}  // namespace triggers
