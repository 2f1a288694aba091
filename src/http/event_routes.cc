#include "http/event_routes.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "http/database_json.h"
#include "http/error_response.h"
#include "http/event_json.h"
#include "http/event_request.h"
#include "triggers/rows.h"

namespace http {
namespace {

using base::Code;
using reactor::Task;
using triggers::EventFilter;
using triggers::EventId;

// Of events that are read at once: a payload may have a megabyte, and no list shows it.
constexpr std::uint32_t kPage = 50;

// 0 for what is too large to be one.
EventId id_of(std::string_view text) {
  EventId id = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && stop == text.data() + text.size() ? id : 0;
}

Answer no_event(std::string_view id) {
  return error_response(
      {Code::kNotFound,
       fmt::format("there is no event {}: it was delivered or discarded, or never was; `roost "
                   "events list` shows those there are",
                   id)});
}

// None or one.
Task<database::SqlResult<std::vector<triggers::Event>>> find(reactor::Loop& loop,
                                                             const Events& events, EventId id) {
  EventFilter filter;
  filter.id = id;
  filter.limit = 1;
  co_return co_await events.outbox.list(loop, std::move(filter));
}

Task<Answer> list(reactor::Loop& loop, const Events& events, const Request& request, Which which) {
  auto filter = parse_event_query(request.query, which);
  if (!filter) co_return error_response(filter.error());
  std::string json = R"({"events":[)";
  bool first = true;
  for (std::uint32_t left = filter->limit; left > 0;) {
    filter->limit = std::min(left, kPage);
    const auto page = co_await events.outbox.list(loop, *filter);
    if (!page) co_return sql_error_response(page.error());
    for (const triggers::Event& event : *page) {
      if (!std::exchange(first, false)) json += ',';
      json += event_json(event);
    }
    if (page->size() < filter->limit) break;
    left -= filter->limit;
    filter->before = page->back().id;
  }
  co_return json_answer(200, json + "]}");
}

Task<Answer> stats(reactor::Loop& loop, const Events& events) {
  const auto found = co_await events.outbox.stats(loop);
  if (!found) co_return sql_error_response(found.error());
  co_return json_answer(200, stats_json(*found));
}

Task<Answer> show(reactor::Loop& loop, const Events& events, std::string_view id) {
  const EventId number = id_of(id);
  const auto found = co_await find(loop, events, number);
  if (!found) co_return sql_error_response(found.error());
  if (found->empty()) co_return no_event(id);
  const auto attempts = co_await events.outbox.attempts(loop, number);
  if (!attempts) co_return sql_error_response(attempts.error());
  const auto blocker = co_await events.outbox.blocker(loop, number);
  if (!blocker) co_return sql_error_response(blocker.error());
  co_return json_answer(200, event_details_json(found->front(), *attempts, *blocker));
}

Task<Answer> explain(reactor::Loop& loop, const Events& events, std::string_view id) {
  const auto found = co_await events.explainer.look(loop, id_of(id));
  if (!found) co_return sql_error_response(found.error());
  if (!*found) co_return no_event(id);
  co_return json_answer(200, explanation_json(**found));
}

// Why nothing was done to the one event that was named.
Task<Answer> untouched(reactor::Loop& loop, const Events& events, EventId id,
                       std::string_view what_can) {
  const auto found = co_await find(loop, events, id);
  if (!found) co_return sql_error_response(found.error());
  if (found->empty()) co_return no_event(std::to_string(id));
  co_return error_response(
      {Code::kAlreadyExists,
       fmt::format("event {} is {}: {}", id, triggers::name_of(found->front().state), what_can)});
}

Task<Answer> redeliver(reactor::Loop& loop, const Events& events, const Request& request,
                       Which which) {
  auto asked = parse_redelivery(request.body, which);
  if (!asked) co_return error_response(asked.error());
  const auto id = asked->filter.id;
  const auto count =
      co_await events.outbox.redeliver(loop, std::move(asked->filter), asked->own_version);
  if (!count) co_return sql_error_response(count.error());
  events.wake();
  if (id && *count == 0) {
    co_return co_await untouched(
        loop, events, *id, "only those that are dead, or delivered and kept, can be redelivered");
  }
  co_return json_answer(200, fmt::format(R"({{"redelivered":{}}})", *count));
}

Task<Answer> discard(reactor::Loop& loop, const Events& events, const Request& request) {
  auto filter = parse_discard(request.body);
  if (!filter) co_return error_response(filter.error());
  const auto id = filter->id;
  const auto count = co_await events.outbox.discard(loop, std::move(*filter));
  if (!count) co_return sql_error_response(count.error());
  events.wake();
  if (id && *count == 0) {
    co_return co_await untouched(
        loop, events, *id, "it runs now; disable its function, and discard it when it waits again");
  }
  co_return json_answer(200, fmt::format(R"({{"discarded":{}}})", *count));
}

Task<Answer> schedules(reactor::Loop& loop, const Events& events) {
  const auto all = co_await events.schedules.list(loop);
  if (!all) co_return error_response(all.error());
  const auto once = co_await events.schedules.once(loop);
  if (!once) co_return error_response(once.error());
  co_return json_answer(200, schedules_json(*all, *once));
}

Task<Answer> change_schedule(reactor::Loop& loop, const Events& events, AdminPath path,
                             const Request& request) {
  auto name = parse_schedule_name(path.name, request.body);
  if (!name) co_return error_response(name.error());
  auto change = path.route == AdminRoute::kPause ? events.schedules.pause(loop, std::move(*name))
                                                 : events.schedules.resume(loop, std::move(*name));
  const auto schedule = co_await std::move(change);
  if (!schedule) co_return error_response(schedule.error());
  events.wake();
  co_return json_answer(200, schedule_json(*schedule));
}

Answer accepted(const Events& events, const base::Result<EventId>& event,
                triggers::Milliseconds at) {
  if (!event) return error_response(event.error());
  events.wake();
  return json_answer(202,
                     fmt::format(R"({{"event":{},"at":"{}"}})", *event, triggers::utc_text(at)));
}

Task<Answer> run_now(reactor::Loop& loop, const Events& events, std::string_view function,
                     const Request& request) {
  auto name = parse_schedule_name(function, request.body);
  if (!name) co_return error_response(name.error());
  const auto event = co_await events.schedules.run_now(loop, std::move(*name));
  co_return accepted(events, event, triggers::now_of_database());
}

Task<Answer> run_at(reactor::Loop& loop, const Events& events, const Request& request) {
  auto asked = parse_run_at(request.body, triggers::now_of_database());
  if (!asked) co_return error_response(asked.error());
  const auto event = co_await events.schedules.run_at(loop, std::move(asked->function), asked->at,
                                                      std::move(asked->payload));
  co_return accepted(events, event, asked->at);
}

}  // namespace

bool is_event_route(AdminRoute route) {
  return route >= AdminRoute::kEvents && route <= AdminRoute::kRunAt;
}

Task<Answer> answer_events(reactor::Loop& loop, const Events& events, AdminPath path,
                           const Request& request) {
  switch (path.route) {
    case AdminRoute::kEvents:
      return list(loop, events, request, Which::kEvents);
    case AdminRoute::kDeadLetters:
      return list(loop, events, request, Which::kDeadLetters);
    case AdminRoute::kEventStats:
      return stats(loop, events);
    case AdminRoute::kEvent:
      return show(loop, events, path.name);
    case AdminRoute::kEventExplanation:
      return explain(loop, events, path.name);
    case AdminRoute::kRedeliver:
      return redeliver(loop, events, request, Which::kEvents);
    case AdminRoute::kRedeliverDeadLetters:
      return redeliver(loop, events, request, Which::kDeadLetters);
    case AdminRoute::kDiscard:
      return discard(loop, events, request);
    case AdminRoute::kSchedules:
      return schedules(loop, events);
    case AdminRoute::kPause:
    case AdminRoute::kResume:
      return change_schedule(loop, events, path, request);
    case AdminRoute::kRun:
      return run_now(loop, events, path.name, request);
    case AdminRoute::kRunAt:
      return run_at(loop, events, request);
    default:
      std::unreachable();
  }
}

}  // namespace http
