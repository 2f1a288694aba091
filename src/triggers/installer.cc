#include "triggers/installer.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "triggers/cron_schedule.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using catalog::TriggerKind;
using database::Row;
using database::SqlResult;
using database::SqlState;
using database::Statement;
using Tables = std::vector<std::vector<Row>>;
template <class T>
using Task = reactor::Task<T>;

constexpr std::chrono::seconds kPatience{30};
constexpr int kTries = 5;  // two deployments at once take the same new number
constexpr std::int64_t kMaxAttempts = 5;
constexpr std::int64_t kFirstDelay = 1'000;
constexpr std::int64_t kLongestDelay = 3'600'000;

std::string drop_text(std::string_view name) {
  return fmt::format("DROP TRIGGER IF EXISTS \"{}\"", name);
}

base::Result<CronSchedule> schedule_of(const catalog::Trigger& trigger) {
  auto schedule = CronSchedule::parse(trigger.subject);
  if (!schedule) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("the trigger `{}`: {}", trigger.text(), schedule.error().message));
  }
  if (!schedule->next(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("the trigger `{}` never runs: no date matches it", trigger.text()));
  }
  return schedule;
}

std::int64_t next_run(const CronSchedule& schedule) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto next = schedule.next(now);
  return next ? next->time_since_epoch().count() * 1000 : INT64_MAX;
}

}  // namespace

Installer::Answer<Tables> Installer::ask(reactor::Loop& loop, std::vector<Statement> statements) {
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  co_return co_await pool_.run(loop, database::SystemAccess(), std::move(statements), bounds);
}

Installer::Answer<CapturedTable> Installer::table(reactor::Loop& loop, const std::string& name) {
  std::vector<Statement> statements{
      {"SELECT i.name, i.pk, s.name FROM main.sqlite_schema s, pragma_table_xinfo(s.name) i "
       "WHERE s.type = 'table' AND lower(s.name) = lower($1) AND substr(s.name, 1, 7) <> '_roost_'",
       {name}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  CapturedTable found;
  std::map<std::int64_t, std::string> key;
  for (const Row& row : tables->front()) {
    found.name = text_of(row[2]);
    found.columns.push_back(text_of(row[0]));
    if (number_of(row[1]) > 0) key[number_of(row[1])] = text_of(row[0]);
  }
  for (auto& [place, column] : key) found.key.push_back(std::move(column));
  co_return found;
}

Task<base::Result<void>> Installer::check(reactor::Loop& loop, const catalog::Config& config) {
  for (const catalog::Trigger& trigger : config.triggers) {
    if (trigger.kind == TriggerKind::kCron) {
      if (auto schedule = schedule_of(trigger); !schedule) {
        co_return base::fail(std::move(schedule.error()));
      }
    } else if (trigger.kind == TriggerKind::kTable) {
      auto found = co_await table(loop, trigger.subject);
      if (!found) co_return base::fail(database::to_error(found.error()));
      if (found->columns.empty()) {
        co_return base::fail(base::Code::kInvalidArgument,
                             fmt::format("the trigger `{}`: there is no table {}: make it first, "
                                         "with `roost db migrate` or `roost db sql`",
                                         trigger.text(), trigger.subject));
      }
      if (auto captures = parse_captures(trigger, *found); !captures) {
        co_return base::fail(std::move(captures.error()));
      }
    }
  }
  co_return base::Result<void>();
}

std::vector<Installer::Wanted> Installer::wanted() const {
  std::vector<Wanted> all;
  for (const catalog::FunctionPtr& function : registry_.list()) {
    for (const catalog::Trigger& trigger : function->version.config.triggers) {
      if (trigger.kind == TriggerKind::kTable || trigger.kind == TriggerKind::kCron) {
        all.push_back({function->name(), trigger});
      }
    }
  }
  return all;
}

Task<base::Result<void>> Installer::reconcile(reactor::Loop& loop) {
  for (int i = 0; i < kTries; ++i) {
    auto changed = co_await reconcile_once(loop);
    if (changed) {
      if (*changed && changed_) changed_();
      co_return base::Result<void>();
    }
    if (changed.error().state != SqlState::kUniqueViolation || i + 1 == kTries) {
      co_return base::fail(database::to_error(changed.error()));
    }
  }
  co_return base::Result<void>();
}

Installer::Answer<bool> Installer::reconcile_once(reactor::Loop& loop) {
  std::vector<Statement> questions{{"SELECT id, function, spec FROM _roost_trigger", {}},
                                   {"SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' "
                                    "AND substr(name, 1, 15) = '_roost_capture_'",
                                    {}}};
  auto answers = co_await ask(loop, std::move(questions));
  if (!answers) co_return database::sql_fail(std::move(answers.error()));
  std::map<std::pair<std::string, std::string>, std::int64_t> present;  // by function and spec
  std::int64_t next_id = 1;
  for (const Row& row : (*answers)[0]) {
    present[{text_of(row[1]), text_of(row[2])}] = number_of(row[0]);
    next_id = std::max(next_id, number_of(row[0]) + 1);
  }
  std::map<std::string, std::string> captures;  // by name
  for (const Row& row : (*answers)[1]) captures[text_of(row[0])] = text_of(row[1]);

  std::vector<Statement> changes;
  const std::vector<Wanted> wants_all = wanted();
  captures_ = std::ranges::any_of(
      wants_all, [](const Wanted& want) { return want.trigger.kind == TriggerKind::kTable; });
  for (const Wanted& want : wants_all) {
    const auto known = present.extract({want.function, want.trigger.text()});
    const std::int64_t id = known.empty() ? next_id++ : known.mapped();
    if (known.empty()) {
      changes.push_back(
          {"INSERT INTO _roost_trigger (id, function, spec, max_attempts, first_delay_ms, "
           "longest_delay_ms, enabled) VALUES ($1, $2, $3, $4, $5, $6, 1)",
           {id, want.function, want.trigger.text(), kMaxAttempts, kFirstDelay, kLongestDelay}});
    }
    if (want.trigger.kind == TriggerKind::kCron) {
      const auto schedule = schedule_of(want.trigger);
      if (schedule && known.empty()) {
        changes.push_back({"INSERT INTO _roost_schedule (trigger_id, next_at) VALUES ($1, $2)",
                           {id, next_run(*schedule)}});
      }
      continue;
    }
    const auto found = co_await table(loop, want.trigger.subject);
    if (!found) co_return database::sql_fail(found.error());
    const auto wants = found->columns.empty() ? base::Result<std::vector<Capture>>()
                                              : parse_captures(want.trigger, *found);
    if (found->columns.empty() || !wants) {
      log_.warn("a trigger cannot fire: its table has changed",
                {{"function", want.function}, {"trigger", want.trigger.text()}});
      continue;
    }
    for (const Capture& capture : *wants) {
      const std::string name = capture_name(id, capture.operation);
      std::string text = capture_text(id, want.function, *found, capture);
      const auto stands = captures.extract(name);
      if (!stands.empty() && stands.mapped() == text) continue;
      if (!stands.empty()) changes.push_back({drop_text(name), {}});
      changes.push_back({std::move(text), {}});
    }
  }
  for (const auto& [name, text] : captures) changes.push_back({drop_text(name), {}});
  for (const auto& [what, id] : present) {
    changes.push_back({"DELETE FROM _roost_schedule WHERE trigger_id = $1", {id}});
    changes.push_back({"DELETE FROM _roost_tick WHERE trigger_id = $1", {id}});
    changes.push_back({"DELETE FROM _roost_trigger WHERE id = $1", {id}});
  }
  if (changes.empty()) co_return false;
  auto changed = co_await ask(loop, std::move(changes));
  if (!changed) co_return database::sql_fail(std::move(changed.error()));
  co_return true;
}

}  // namespace triggers
