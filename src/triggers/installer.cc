#include "triggers/installer.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "triggers/condition.h"
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

// Beside what a table may lose later: a condition that never holds, as nothing has the row it
// names. Where another operation has it, the row is null.
base::Result<void> fits_all(const catalog::Trigger& trigger, const CapturedTable& table) {
  std::vector<Capture> captures = captures_of(trigger);
  for (Capture& capture : captures) {
    if (auto fits = fit(capture, trigger, table); !fits) return fits;
  }
  if (captures.size() != 1 || trigger.condition.empty() ||
      !names_absent_row(trigger.condition, table, captures.front().operation)) {
    return {};
  }
  const bool insert = captures.front().operation == Operation::kInsert;
  return base::fail(
      base::Code::kInvalidArgument,
      fmt::format("{} has no `{}` row: name a column as {}.NAME", insert ? "an insert" : "a delete",
                  insert ? "old" : "new", insert ? "new" : "old"));
}

std::int64_t next_run(const CronSchedule& schedule) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto next = schedule.next(now);
  return next ? next->time_since_epoch().count() * 1000 : kNever;
}

// Whether it is one trigger's own, and not the database's: that is out of reach, or another
// deployment was faster.
bool is_of_one(const database::SqlError& error) {
  const base::Code code = database::to_error(error).code;
  return error.state != SqlState::kUniqueViolation &&
         (code == base::Code::kInvalidArgument || code == base::Code::kInternal);
}

// A new one, or what has changed of one that is there.
Statement store(std::int64_t id, const std::string& function, int version,
                const catalog::Trigger& trigger) {
  const catalog::TriggerOptions& options = trigger.options;
  return {
      "INSERT INTO _roost_trigger (id, function, head, spec, version, max_attempts, "
      "first_delay_ms, longest_delay_ms, run_as, format, transactional, missed, overlap) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO "
      "UPDATE SET spec = $4, version = $5, max_attempts = $6, first_delay_ms = $7, "
      "longest_delay_ms = $8, run_as = $9, format = $10, transactional = $11, missed = $12, "
      "overlap = $13",
      {id, function, trigger.head(), trigger.text(), std::int64_t{version},
       std::int64_t{options.attempts}, std::int64_t{options.backoff.count()},
       std::int64_t{options.max_backoff.count()},
       options.run_as ? database::Value(std::string(auth::name_of(*options.run_as)))
                      : database::Value(),
       std::string(catalog::name_of(options.format)), std::int64_t{options.transactional ? 1 : 0},
       std::string(catalog::name_of(options.missed)),
       std::string(catalog::name_of(options.overlap))}};
}

}  // namespace

Installer::Answer<Tables> Installer::ask(reactor::Loop& loop, std::vector<Statement> statements) {
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  co_return co_await pool_.run(loop, database::SystemAccess(), std::move(statements), bounds);
}

Installer::Answer<CapturedTable> Installer::table(reactor::Loop& loop, const std::string& name) {
  std::vector<Statement> statements{
      {"SELECT i.name, i.pk, t.name, t.type FROM pragma_table_list t, pragma_table_xinfo(t.name) i "
       "WHERE t.schema = 'main' AND lower(t.name) = lower($1) AND substr(t.name, 1, 7) <> "
       "'_roost_'",
       {name}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  CapturedTable found;
  std::map<std::int64_t, std::string> key;
  for (const Row& row : tables->front()) {
    found.name = text_of(row[2]);
    found.kind = text_of(row[3]);
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
      if (auto fits = fits_all(trigger, *found); !fits) {
        co_return base::fail(
            base::Code::kInvalidArgument,
            fmt::format("the trigger `{}`: {}", trigger.text(), fits.error().message));
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
        all.push_back({function->name(), function->version.number, trigger});
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

// What the database has, as far as it is to follow the registry.
Installer::Answer<Installer::Present> Installer::present(reactor::Loop& loop) {
  std::vector<Statement> questions{
      {"SELECT id, function, head, spec, version FROM _roost_trigger", {}},
      {"SELECT name, sql, tbl_name FROM sqlite_schema WHERE type = 'trigger' "
       "AND substr(name, 1, 15) = '_roost_capture_'",
       {}},
      {"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '_roost_trigger'", {}}};
  auto answers = co_await ask(loop, std::move(questions));
  if (!answers) co_return database::sql_fail(std::move(answers.error()));
  Present there;
  for (const Row& row : (*answers)[0]) {
    there.triggers[{text_of(row[1]), text_of(row[2])}] = {number_of(row[0]), text_of(row[3]),
                                                          static_cast<int>(number_of(row[4]))};
  }
  for (const Row& row : (*answers)[1]) {
    there.captures[text_of(row[0])] = {text_of(row[1]), text_of(row[2])};
  }
  // Ids are never used again: events of a trigger that is gone may still wait.
  there.next_id = number_of((*answers)[2].front().front()) + 1;
  co_return there;
}

Installer::Answer<bool> Installer::reconcile_once(reactor::Loop& loop) {
  const std::vector<Wanted> wants = wanted();
  auto planned = co_await plan(loop, wants);
  if (!planned) co_return database::sql_fail(std::move(planned.error()));
  fires_ = !wants.empty();
  auto changed = co_await apply(loop, *planned);
  if (changed) note(std::move(planned->faults));
  co_return changed;
}

Installer::Answer<Installer::Plan> Installer::plan(reactor::Loop& loop,
                                                   const std::vector<Wanted>& wants) {
  auto there = co_await present(loop);
  if (!there) co_return database::sql_fail(std::move(there.error()));
  Plan plan;
  for (const Wanted& want : wants) {
    Step& step = plan.steps.emplace_back(Step{want.function, want.trigger.text()});
    const auto known = there->triggers.extract({want.function, want.trigger.head()});
    Stored stored;
    if (known.empty()) {
      stored.id = there->next_id++;
    } else {
      stored = known.mapped();
    }
    if (stored.spec != want.trigger.text() || stored.version != want.version) {
      step.statements.push_back(store(stored.id, want.function, want.version, want.trigger));
    }
    if (want.trigger.kind == TriggerKind::kCron) {
      const auto schedule = CronSchedule::parse(want.trigger.subject);
      if (!schedule) plan.faults.push_back({step.function, step.trigger, schedule.error().message});
      if (schedule && known.empty()) {
        step.statements.push_back(
            {"INSERT INTO _roost_schedule (trigger_id, next_at) VALUES ($1, $2)",
             {stored.id, next_run(*schedule)}});
      }
      continue;
    }
    const auto found = co_await table(loop, want.trigger.subject);
    if (!found) co_return database::sql_fail(found.error());
    follow(want, stored, *found, *there, plan);
  }
  plan.steps.push_back(rest_of(*there));
  co_return plan;
}

// All in one transaction; where that is refused, each trigger in one of its own.
Installer::Answer<bool> Installer::apply(reactor::Loop& loop, Plan& plan) {
  std::vector<Statement> all;
  for (const Step& step : plan.steps) {
    all.insert(all.end(), step.statements.begin(), step.statements.end());
  }
  if (all.empty()) co_return false;
  auto changed = co_await ask(loop, std::move(all));
  if (changed) co_return true;
  if (!is_of_one(changed.error())) co_return database::sql_fail(std::move(changed.error()));
  for (Step& step : plan.steps) {
    if (step.statements.empty()) continue;
    auto done = co_await ask(loop, std::move(step.statements));
    if (done) continue;
    if (step.function.empty() || !is_of_one(done.error())) {
      co_return database::sql_fail(std::move(done.error()));
    }
    plan.faults.push_back(
        {step.function, step.trigger,
         fmt::format("the database refuses it: {}; mend that and deploy the function again, or "
                     "deploy it without this trigger",
                     database::to_error(done.error()).message)});
  }
  co_return true;
}

// What stands already is taken out of `there`.
std::vector<Installer::Part> Installer::parts_of(const Wanted& want, const Stored& stored,
                                                 const CapturedTable& table, Present& there) {
  std::vector<Part> parts;
  for (Capture& capture : captures_of(want.trigger)) {
    Part part;
    part.name = capture_name(stored.id, capture.operation);
    if (auto known = there.captures.extract(part.name)) part.stands = std::move(known.mapped());
    if (auto fits = fit(capture, want.trigger, table); !fits) part.why_not = fits.error().message;
    part.renamed =
        !part.why_not.empty() && part.stands && stored.spec == want.trigger.text() &&
        (table.columns.empty() || base::equal_ignoring_case(part.stands->table, table.name));
    part.capture = std::move(capture);
    parts.push_back(std::move(part));
  }
  return parts;
}

// The captures of one trigger, as its table is now.
//
// SQLite renames tables and columns in what stands, so that a capture whose name for them is gone
// still tells of the same changes. Until a trigger with today's names is deployed it is left as it
// is, and so are the trigger's others: the events of one trigger are to be alike.
void Installer::follow(const Wanted& want, const Stored& stored, const CapturedTable& table,
                       Present& there, Plan& plan) {
  const std::vector<Part> parts = parts_of(want, stored, table, there);
  const bool stays = std::ranges::any_of(parts, &Part::renamed);
  std::vector<Statement>& changes = plan.steps.back().statements;
  for (const Part& part : parts) {
    if (stays && part.stands) continue;
    const std::string text =
        part.why_not.empty() ? capture_text(stored.id, want.function, table, part.capture) : "";
    if (part.stands && part.stands->text == text) continue;
    if (part.stands) changes.push_back({drop_text(part.name), {}});
    if (!text.empty()) changes.push_back({text, {}});
  }
  if (std::string reason = fault_of(parts, stays); !reason.empty()) {
    plan.faults.push_back({want.function, want.trigger.text(), std::move(reason)});
  }
}

// Empty when each part fits.
std::string Installer::fault_of(const std::vector<Part>& parts, bool stays) {
  std::string why;
  std::vector<std::string> kept;
  std::vector<std::string> lost;
  for (const Part& part : parts) {
    if (why.empty()) why = part.why_not;
    const std::string operation = base::to_lower(name_of(part.capture.operation));
    if (stays && part.stands) kept.push_back(operation);
    if (!part.why_not.empty() && !(stays && part.stands)) lost.push_back(operation);
  }
  if (why.empty()) return "";
  if (!kept.empty()) {
    why += fmt::format(
        "; {} {} on as {} deployed, and events have the names of then: deploy the function with "
        "today's names",
        fmt::join(kept, " and "), kept.size() == 1 ? "goes" : "go",
        kept.size() == 1 ? "it was" : "they were");
  }
  if (!lost.empty()) {
    why += fmt::format(
        "; {} {} not captured: mend the table, or deploy the function with a trigger that fits it",
        fmt::join(lost, " and "), lost.size() == 1 ? "is" : "are");
  }
  return why;
}

Installer::Step Installer::rest_of(const Present& there) {
  Step step;
  std::vector<Statement>& changes = step.statements;
  for (const auto& [name, stands] : there.captures) changes.push_back({drop_text(name), {}});
  for (const auto& [what, trigger] : there.triggers) {
    changes.push_back({"DELETE FROM _roost_schedule WHERE trigger_id = $1", {trigger.id}});
    changes.push_back({"DELETE FROM _roost_tick WHERE trigger_id = $1", {trigger.id}});
    changes.push_back({"DELETE FROM _roost_trigger WHERE id = $1", {trigger.id}});
  }
  return step;
}

// Each is logged once, and not at every look.
void Installer::note(std::vector<deploy::TriggerFault> faults) {
  const std::lock_guard lock(mutex_);
  for (const deploy::TriggerFault& fault : faults) {
    if (std::ranges::find(faults_, fault) != faults_.end()) continue;
    log_.warn("a trigger does not fire as it is written",
              {{"function", fault.function}, {"trigger", fault.trigger}, {"reason", fault.reason}});
  }
  faults_ = std::move(faults);
}

std::vector<deploy::TriggerFault> Installer::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

}  // namespace triggers
