#include "triggers/explanation.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "triggers/event_text.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using database::SqlResult;
using reactor::Task;

constexpr std::chrono::seconds kPatience{30};

// "2.00 s", "90 minutes", "47 hours", "12 days"
std::string distance_text(std::chrono::milliseconds span) {
  using namespace std::chrono;
  if (span < minutes(2)) return base::format_duration(span);
  if (span < hours(2)) return fmt::format("{} minutes", floor<minutes>(span).count());
  if (span < days(2)) return fmt::format("{} hours", floor<hours>(span).count());
  return fmt::format("{} days", floor<days>(span).count());
}

// "2026-01-31T09:00:00.000Z (in 2.00 s)"
std::string when(Milliseconds at, Milliseconds now) {
  const std::string distance =
      distance_text(std::chrono::milliseconds(at > now ? at - now : now - at));
  return at > now ? fmt::format("{} (in {})", utc_text(at), distance)
                  : fmt::format("{} ({} ago)", utc_text(at), distance);
}

// Of an error the first line: a guest's backtrace follows it.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::string what_it_is(const Circumstances& all) {
  const Event& event = all.event;
  if (event.trigger == 0) {
    return fmt::format("Event {} is a single run of `{}` that was asked for.", event.id,
                       event.function);
  }
  const std::string source = all.trigger.empty() ? " of a trigger that is no longer deployed"
                                                 : fmt::format(" of `{}`", all.trigger);
  return fmt::format("Event {} is a {}{}, for the function `{}`.", event.id,
                     is_tick(event) ? "tick" : "change", source, event.function);
}

std::string last_failure(const Circumstances& all) {
  if (all.attempts.empty()) return "";
  const Attempt& last = all.attempts.back();
  return fmt::format("Attempt {} failed at {}: {}", last.number, when(last.at, all.now),
                     first_line(last.error));
}

std::string of_function(const Circumstances& all) {
  const std::string& function = all.event.function;
  if (!all.deployed) {
    return fmt::format(
        "The function `{}` has been deleted: the event dies without a run when it is taken up, "
        "at {}, unless the function is deployed again before.",
        function, when(std::max(all.event.due_at, all.now), all.now));
  }
  return fmt::format(
      "The function `{0}` is disabled: the event waits, which is no failure, and runs within "
      "seconds "
      "of `roost enable {0}`.",
      function);
}

std::string of_blocker(const Circumstances& all) {
  const Event& blocker = *all.blocker;
  const std::string does = blocker.state == EventState::kLeased
                               ? fmt::format("runs now, its attempt {}", blocker.attempt)
                               : "is due at " + when(blocker.due_at, all.now);
  return fmt::format(
      "It waits for event {0}, an earlier one of the same row, which {1}. It is taken up as soon "
      "as "
      "that one was delivered, has died or is discarded: see `roost events explain {0}`.",
      blocker.id, does);
}

std::string of_pending(const Circumstances& all) {
  const Event& event = all.event;
  if (all.blocker) return of_blocker(all);
  if (!all.deployed || !all.enabled) return of_function(all);
  if (event.due_at <= all.now) {
    return fmt::format(
        "It is due since {}, and is taken up at the next look, a second from now at most, unless "
        "its trigger has as many runs under way as it may.",
        when(event.due_at, all.now));
  }
  if (event.failures > 0) {
    return fmt::format("{}\nIt is tried again at {}; failure {} of at most {}.", last_failure(all),
                       when(event.due_at, all.now), event.failures, all.max_attempts);
  }
  return fmt::format("It runs at {}.", when(event.due_at, all.now));
}

std::string of_leased(const Circumstances& all) {
  const std::string before = all.event.failures > 0 ? last_failure(all) + '\n' : "";
  return fmt::format(
      "{}Attempt {} is under way. Its lease ends at {}, and is renewed while the server lives that "
      "runs it; were that killed, the event would be taken up again then.",
      before, all.event.attempt, when(all.event.due_at, all.now));
}

std::string of_dead(const Circumstances& all) {
  return fmt::format(
      "{}\nIt is dead: after {} failure{} it is not tried again by itself, and it is kept until "
      "somebody says `roost events redeliver {}` or `roost events discard {}`. Events of the same "
      "row that came later do not wait for it.",
      last_failure(all), all.event.failures, all.event.failures == 1 ? "" : "s", all.event.id,
      all.event.id);
}

std::string of_state(const Circumstances& all) {
  switch (all.event.state) {
    case EventState::kPending:
      return of_pending(all);
    case EventState::kLeased:
      return of_leased(all);
    case EventState::kDead:
      return of_dead(all);
    case EventState::kDelivered:
      return fmt::format(
          "It was delivered by attempt {}, at {}. Nothing more happens; `roost events redeliver "
          "{}` runs it again.",
          all.event.attempt, when(all.event.due_at, all.now), all.event.id);
  }
  std::unreachable();
}

}  // namespace

std::string explain(const Circumstances& circumstances) {
  return what_it_is(circumstances) + '\n' + of_state(circumstances);
}

Task<SqlResult<std::optional<Event>>> Explainer::event(reactor::Loop& loop, EventId id) {
  EventFilter filter;
  filter.id = id;
  filter.limit = 1;
  auto events = co_await outbox_.list(loop, std::move(filter));
  if (!events) co_return database::sql_fail(std::move(events.error()));
  if (events->empty()) co_return std::optional<Event>();
  co_return std::optional<Event>(std::move(events->front()));
}

Task<SqlResult<void>> Explainer::look_at_trigger(reactor::Loop& loop,
                                                 Circumstances& circumstances) {
  std::vector<database::Statement> questions{
      {"SELECT spec, max_attempts FROM _roost_trigger WHERE id = $1",
       {circumstances.event.trigger}}};
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  auto tables = co_await pool_.run(loop, database::SystemAccess(), std::move(questions), bounds);
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  if (!tables->front().empty()) {
    circumstances.trigger = text_of(tables->front().front()[0]);
    circumstances.max_attempts = static_cast<int>(number_of(tables->front().front()[1]));
  }
  co_return SqlResult<void>();
}

Task<SqlResult<std::optional<Circumstances>>> Explainer::look(reactor::Loop& loop, EventId id) {
  auto found = co_await event(loop, id);
  if (!found) co_return database::sql_fail(std::move(found.error()));
  if (!*found) co_return std::optional<Circumstances>();
  Circumstances all;
  all.event = std::move(**found);
  auto attempts = co_await outbox_.attempts(loop, id);
  if (!attempts) co_return database::sql_fail(std::move(attempts.error()));
  all.attempts = std::move(*attempts);
  auto blocker = co_await outbox_.blocker(loop, id);
  if (!blocker) co_return database::sql_fail(std::move(blocker.error()));
  if (*blocker) {
    auto earlier = co_await event(loop, **blocker);
    if (!earlier) co_return database::sql_fail(std::move(earlier.error()));
    all.blocker = std::move(*earlier);
  }
  auto trigger = co_await look_at_trigger(loop, all);
  if (!trigger) co_return database::sql_fail(std::move(trigger.error()));
  const catalog::FunctionPtr function = registry_.find(all.event.function);
  all.deployed = function != nullptr;
  all.enabled = function != nullptr && function->enabled;
  all.now = now_of_database();
  co_return std::optional<Circumstances>(std::move(all));
}

}  // namespace triggers
