#include "triggers/schedules.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encoding.h"
#include "base/id.h"
#include "triggers/cron_schedule.h"
#include "triggers/overlap.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using base::Code;
using database::Row;
using database::Statement;

constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kCron = "cron:";
// The clocks of who asks and of the server may differ by so much.
constexpr Milliseconds kSkew = 60'000;
// 9999-12-31T23:59:59.999Z, the last time that has four digits for its year.
constexpr Milliseconds kLastTime = 253'402'300'799'999;

constexpr std::string_view kColumns =
    "SELECT t.id, t.function, t.head, t.missed, t.overlap, s.next_at, s.last_at, s.paused FROM "
    "_roost_schedule s JOIN _roost_trigger t ON t.id = s.trigger_id";

// What is no pattern with its last word and one without it ends with a zone.
std::pair<std::string, std::string> split_zone(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  const std::size_t blank = text.substr(0, end).find_last_of(" \t");
  if (blank == std::string::npos || CronPattern::parse(text)) return {text, ""};
  return {text.substr(0, blank), text.substr(blank + 1, end - blank - 1)};
}

std::optional<Milliseconds> time_of(const database::Value& value) {
  if (!std::holds_alternative<std::int64_t>(value) || number_of(value) == kNever) {
    return std::nullopt;
  }
  return number_of(value);
}

Schedule read_schedule(const Row& row) {
  Schedule schedule;
  schedule.trigger = number_of(row[0]);
  schedule.function = text_of(row[1]);
  std::tie(schedule.pattern, schedule.zone) = split_zone(text_of(row[2]).substr(kCron.size()));
  schedule.missed = text_of(row[3]);
  schedule.overlap = text_of(row[4]);
  schedule.paused = number_of(row[7]) != 0;
  if (!schedule.paused) schedule.next_at = time_of(row[5]);
  schedule.last_at = time_of(row[6]);
  return schedule;
}

Milliseconds next_run(const Schedule& schedule) {
  const auto parsed = CronSchedule::parse(schedule.text());
  if (!parsed) return kNever;
  const std::chrono::sys_seconds now{std::chrono::seconds(now_of_database() / 1000)};
  const auto next = parsed->next(now);
  return next ? next->time_since_epoch().count() * 1000 : kNever;
}

// As a tick's, but for the time: it is due because it was asked for.
std::string payload_of(const Schedule& schedule, Milliseconds now) {
  std::string json = R"({"trigger":"schedule","cron":)";
  base::append_json_string(json, schedule.text());
  return json + fmt::format(R"(,"scheduled_time":"{0}","actual_time":"{0}"}})", utc_text(now));
}

// The rules of clock.cc's ticks; the lane is its own, so that it waits for no other run.
std::vector<Statement> asked_run(const Schedule& schedule) {
  const Milliseconds now = now_of_database();
  const std::string key = fmt::format("run-{}-{}", schedule.trigger, base::make_uuid());
  std::vector<Statement> statements{
      {fmt::format("INSERT INTO _roost_event (trigger_id, function, version, key, payload, depth, "
                   "created_at) SELECT id, function, version, $2, $3, 1, {} FROM _roost_trigger "
                   "WHERE id = $1{} RETURNING id",
                   kDatabaseNow, unless_forbidden(schedule.overlap)),
       {schedule.trigger, key, payload_of(schedule, now)}},
      {fmt::format("INSERT INTO _roost_delivery (event_id, trigger_id, lane, size, state, due_at) "
                   "SELECT id, trigger_id, key, length(payload), 1, {} FROM _roost_event WHERE id "
                   "= last_insert_rowid() AND key = $1",
                   kDatabaseNow),
       {key}}};
  if (schedule.overlap != catalog::name_of(catalog::Overlap::kReplace)) return statements;
  constexpr std::string_view kEarlier =
      "(SELECT event_id FROM _roost_delivery WHERE trigger_id = $1 AND state < 2 AND lane <> $2)";
  statements.push_back(
      {fmt::format("DELETE FROM _roost_event WHERE id IN {}", kEarlier), {schedule.trigger, key}});
  statements.push_back({fmt::format("DELETE FROM _roost_delivery WHERE event_id IN {}", kEarlier),
                        {schedule.trigger, key}});
  return statements;
}

// UTC is what a pattern without a zone has.
bool is_named(const Schedule& schedule, const ScheduleName& name) {
  if (schedule.function != name.function) return false;
  if (name.pattern.empty() || name.pattern == schedule.text()) return true;
  const auto [pattern, zone] = split_zone(name.pattern);
  const auto or_utc = [](const std::string& text) { return text.empty() ? "UTC" : text; };
  return pattern == schedule.pattern && (zone.empty() || zone == or_utc(schedule.zone));
}

std::string patterns_of(const std::vector<Schedule>& schedules) {
  std::vector<std::string> texts;
  for (const Schedule& schedule : schedules) texts.push_back('`' + schedule.text() + '`');
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

Schedules::Answer<Schedules::Tables> Schedules::ask(reactor::Loop& loop,
                                                    std::vector<Statement> statements) {
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  auto tables = co_await pool_.run(loop, database::SystemAccess(), std::move(statements), bounds);
  if (!tables) co_return base::fail(database::to_error(tables.error()));
  co_return std::move(*tables);
}

Schedules::Answer<std::vector<Schedule>> Schedules::list(reactor::Loop& loop) {
  std::vector<Statement> questions{{fmt::format("{} ORDER BY t.function, t.head", kColumns), {}}};
  auto tables = co_await ask(loop, std::move(questions));
  if (!tables) co_return base::fail(std::move(tables.error()));
  std::vector<Schedule> schedules;
  for (const Row& row : tables->front()) schedules.push_back(read_schedule(row));
  co_return schedules;
}

Schedules::Answer<std::vector<OneOff>> Schedules::once(reactor::Loop& loop) {
  std::vector<Statement> questions{
      {"SELECT d.event_id, e.function, d.due_at FROM _roost_delivery d JOIN _roost_event e ON e.id "
       "= d.event_id WHERE d.trigger_id = 0 AND d.state < 2 ORDER BY d.due_at, d.event_id",
       {}}};
  auto tables = co_await ask(loop, std::move(questions));
  if (!tables) co_return base::fail(std::move(tables.error()));
  std::vector<OneOff> waiting;
  for (const Row& row : tables->front()) {
    waiting.push_back({number_of(row[0]), text_of(row[1]), number_of(row[2])});
  }
  co_return waiting;
}

base::Error Schedules::no_schedule(const std::string& function) const {
  if (registry_.find(function) == nullptr) {
    return {Code::kNotFound,
            fmt::format("there is no function `{}`: `roost list` shows them", function)};
  }
  return {Code::kNotFound,
          fmt::format("the function `{}` has no schedule: deploy it with --trigger 'cron:PATTERN', "
                      "or run it once with `roost schedules at`",
                      function)};
}

Schedules::Answer<Schedule> Schedules::find(reactor::Loop& loop, ScheduleName name) {
  auto all = co_await list(loop);
  if (!all) co_return base::fail(std::move(all.error()));
  std::erase_if(*all, [&](const Schedule& each) { return each.function != name.function; });
  if (all->empty()) co_return base::fail(no_schedule(name.function));
  std::vector<Schedule> named;
  std::ranges::copy_if(*all, std::back_inserter(named),
                       [&](const Schedule& each) { return is_named(each, name); });
  if (named.size() == 1) co_return std::move(named.front());
  if (named.empty()) {
    co_return base::fail(Code::kNotFound,
                         fmt::format("the function `{}` has no schedule `{}`: it has {}",
                                     name.function, name.pattern, patterns_of(*all)));
  }
  co_return base::fail(
      Code::kInvalidArgument,
      fmt::format("the function `{}` has {} schedules: name the pattern, one of {}", name.function,
                  named.size(), patterns_of(named)));
}

Schedules::Answer<Schedule> Schedules::pause(reactor::Loop& loop, ScheduleName name) {
  auto schedule = co_await find(loop, std::move(name));
  if (!schedule) co_return base::fail(std::move(schedule.error()));
  std::vector<Statement> changes{
      {"UPDATE _roost_schedule SET paused = 1 WHERE trigger_id = $1", {schedule->trigger}}};
  auto changed = co_await ask(loop, std::move(changes));
  if (!changed) co_return base::fail(std::move(changed.error()));
  schedule->paused = true;
  schedule->next_at.reset();
  co_return std::move(*schedule);
}

// One that runs keeps its next time: a tick that is due at this moment must not be passed over.
Schedules::Answer<Schedule> Schedules::resume(reactor::Loop& loop, ScheduleName name) {
  auto schedule = co_await find(loop, std::move(name));
  if (!schedule || !schedule->paused) co_return schedule;
  const Milliseconds next = next_run(*schedule);
  std::vector<Statement> changes{
      {"UPDATE _roost_schedule SET paused = 0, next_at = $2 WHERE trigger_id = $1 AND paused = 1",
       {schedule->trigger, next}}};
  auto changed = co_await ask(loop, std::move(changes));
  if (!changed) co_return base::fail(std::move(changed.error()));
  schedule->paused = false;
  if (next != kNever) schedule->next_at = next;
  co_return std::move(*schedule);
}

Schedules::Answer<EventId> Schedules::run_now(reactor::Loop& loop, ScheduleName name) {
  auto schedule = co_await find(loop, std::move(name));
  if (!schedule) co_return base::fail(std::move(schedule.error()));
  auto tables = co_await ask(loop, asked_run(*schedule));
  if (!tables) co_return base::fail(std::move(tables.error()));
  if (!tables->front().empty()) co_return number_of(tables->front().front().front());
  if (schedule->overlap == catalog::name_of(catalog::Overlap::kForbid)) {
    co_return base::fail(
        Code::kAlreadyExists,
        fmt::format("a run of `{0}` has not ended, and its trigger says overlap=forbid: wait for "
                    "it, or look with `roost events list --function {0}` what holds it up",
                    schedule->function));
  }
  co_return base::fail(no_schedule(schedule->function));
}

Schedules::Answer<EventId> Schedules::run_at(reactor::Loop& loop, std::string function,
                                             Milliseconds at, std::string payload) {
  if (registry_.find(function) == nullptr) co_return base::fail(no_schedule(function));
  if (at < now_of_database() - kSkew || at > kLastTime) {
    co_return base::fail(Code::kInvalidArgument,
                         at > kLastTime
                             ? "the time is past the year 9999"
                             : fmt::format("{} has passed: name a time to come", utc_text(at)));
  }
  std::string json =
      fmt::format(R"({{"trigger":"schedule","cron":null,"scheduled_time":"{}")", utc_text(at));
  if (!payload.empty()) json += ",\"payload\":" + payload;
  auto event = co_await outbox_.add(loop, std::move(function), json + '}', at);
  if (!event) co_return base::fail(database::to_error(event.error()));
  co_return *event;
}

}  // namespace triggers
