// Aggregates of functions.h. SQLite's own know no order, and take the first of several rows.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "database/sqlite/function_call.h"
#include "database/sqlite/json_text.h"
#include "database/sqlite/prepared.h"

namespace database::sqlite {
namespace {

constexpr std::string_view kFailed = "XX000: an aggregate failed";

void fail(sqlite3_context* context, std::string_view message) {
  sqlite3_result_error(context, message.data(), static_cast<int>(message.size()));
}

// What one group has come to, made at its first row; SQLite's memory holds the pointer.
template <class State>
State* state_of(sqlite3_context* context) {
  auto** slot = static_cast<State**>(sqlite3_aggregate_context(context, sizeof(State*)));
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) *slot = new (std::nothrow) State;
  return *slot;
}

template <class State>
std::unique_ptr<State> take_state(sqlite3_context* context) {
  auto** slot = static_cast<State**>(sqlite3_aggregate_context(context, 0));
  return std::unique_ptr<State>(slot == nullptr ? nullptr : std::exchange(*slot, nullptr));
}

// Nothing may be thrown through SQLite; only memory can fail.
template <class Run>
void guarded(sqlite3_context* context, Run run) noexcept {
  try {
    run();
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (...) {
    fail(context, kFailed);
  }
}

// ---- pg_single ---------------------------------------------------------------------------------

struct Single {
  OwnedValue value;
};

void step_single(sqlite3_context* context, int /*count*/, sqlite3_value** values) noexcept {
  Single* const state = state_of<Single>(context);
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  if (state->value) {
    return fail(context, "21000: more than one row returned by a subquery used as an expression");
  }
  state->value.reset(sqlite3_value_dup(values[0]));
  if (!state->value) sqlite3_result_error_nomem(context);
}

void end_single(sqlite3_context* context) noexcept {
  const auto state = take_state<Single>(context);
  if (state && state->value) sqlite3_result_value(context, state->value.get());
}

// ---- Aggregates in order -----------------------------------------------------------------------

using Values = std::vector<OwnedValue>;

int rank_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
      return 0;
    case SQLITE_TEXT:
      return 1;
    default:
      return 2;
  }
}

std::string_view bytes_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

int compare_numbers(sqlite3_value* a, sqlite3_value* b) {
  const bool whole =
      sqlite3_value_type(a) == SQLITE_INTEGER && sqlite3_value_type(b) == SQLITE_INTEGER;
  if (whole) {
    const auto x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
    return x < y ? -1 : static_cast<int>(x > y);
  }
  const double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
  return x < y ? -1 : static_cast<int>(x > y);
}

int compare_values(sqlite3_value* a, sqlite3_value* b) {
  if (rank_of(a) != rank_of(b)) return rank_of(a) - rank_of(b);
  return rank_of(a) == 0 ? compare_numbers(a, b) : bytes_of(a).compare(bytes_of(b));
}

bool is_null(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

struct Sorted {
  struct Item {
    std::string text;       // of the value, as it is joined
    std::string separator;  // before it
    Values keys;
    std::size_t place = 0;
  };
  std::string order;
  std::vector<Item> items;
  std::size_t bytes = 0;
};

// Two letters for each key.
int compare_items(const Sorted::Item& a, const Sorted::Item& b, std::string_view order) {
  for (std::size_t i = 0; i < a.keys.size() && 2 * i + 1 < order.size(); ++i) {
    sqlite3_value* const x = a.keys[i].get();
    sqlite3_value* const y = b.keys[i].get();
    const bool nulls_first = order[2 * i + 1] == 'f';
    if (is_null(x) || is_null(y)) {
      if (is_null(x) && is_null(y)) continue;
      return is_null(x) == nulls_first ? -1 : 1;
    }
    const int compared = compare_values(x, y);
    if (compared != 0) return order[2 * i] == 'd' ? -compared : compared;
  }
  return 0;
}

void sort(Sorted& sorted) {
  const bool unique = sorted.order.starts_with('u');
  const std::string_view order = std::string_view(sorted.order).substr(unique ? 1 : 0);
  if (unique) {
    std::ranges::sort(sorted.items, {}, &Sorted::Item::text);
    const auto same = [](const Sorted::Item& a, const Sorted::Item& b) { return a.text == b.text; };
    const auto rest = std::ranges::unique(sorted.items, same);
    sorted.items.erase(rest.begin(), rest.end());
    for (std::size_t i = 0; i < sorted.items.size(); ++i) sorted.items[i].place = i;
  }
  std::ranges::sort(sorted.items, [order](const Sorted::Item& a, const Sorted::Item& b) {
    const int compared = compare_items(a, b, order);
    return compared != 0 ? compared < 0 : a.place < b.place;
  });
}

std::string json_of(FunctionCall& call, sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_NULL:
      return "null";
    case SQLITE_TEXT:
    case SQLITE_BLOB: {
      const std::string_view text = call.text(0);
      if (sqlite3_value_subtype(value) == kJsonSubtype) return std::string(text);
      std::string json;
      base::append_json_string(json, text);
      return json;
    }
    default: {
      const std::string text(call.text(0));
      return text.find("Infinity") == std::string::npos ? text : '"' + text + '"';
    }
  }
}

template <bool kJson>
void step_sorted(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  constexpr int kFirstKey = kJson ? 2 : 3;
  guarded(context, [&] {
    if (count < kFirstKey) return fail(context, "42883: too few arguments of an aggregate");
    if (!kJson && is_null(values[0])) return;
    Sorted* const state = state_of<Sorted>(context);
    if (state == nullptr) return sqlite3_result_error_nomem(context);
    FunctionCall call(context, count, values);
    if (state->items.empty()) state->order = call.text(kFirstKey - 1);
    Sorted::Item item;
    item.text = kJson ? json_of(call, values[0]) : std::string(call.text(0));
    if (!kJson && !is_null(values[1])) item.separator = call.text(1);
    state->bytes += item.text.size() + item.separator.size() + sizeof item;
    for (int i = kFirstKey; i < count; ++i) {
      item.keys.emplace_back(sqlite3_value_dup(values[i]));
      if (!item.keys.back()) return sqlite3_result_error_nomem(context);
      state->bytes += static_cast<std::size_t>(sqlite3_value_bytes(values[i])) + sizeof(void*);
    }
    if (state->bytes > call.max_length()) return sqlite3_result_error_toobig(context);
    item.place = state->items.size();
    state->items.push_back(std::move(item));
  });
}

void answer(sqlite3_context* context, const std::string& text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void end_string(sqlite3_context* context) noexcept {
  guarded(context, [&] {
    const auto state = take_state<Sorted>(context);
    if (!state) return;
    sort(*state);
    std::string text;
    for (const Sorted::Item& item : state->items) {
      if (&item != &state->items.front()) text += item.separator;
      text += item.text;
    }
    answer(context, text);
  });
}

void end_json(sqlite3_context* context) noexcept {
  guarded(context, [&] {
    const auto state = take_state<Sorted>(context);
    if (!state) return;
    sort(*state);
    std::string text = "[";
    for (const Sorted::Item& item : state->items) {
      if (text.size() > 1) text += ',';
      text += item.text;
    }
    answer(context, text + "]");
    sqlite3_result_subtype(context, kJsonSubtype);
  });
}

}  // namespace

int register_aggregates(sqlite3* connection) {
  struct Aggregate {
    const char* name;
    int arguments;
    void (*step)(sqlite3_context*, int, sqlite3_value**);
    void (*end)(sqlite3_context*);
  };
  for (const Aggregate& each : {Aggregate{"pg_single", 1, &step_single, &end_single},
                                Aggregate{"pg_string_agg", -1, &step_sorted<false>, &end_string},
                                Aggregate{"pg_json_agg", -1, &step_sorted<true>, &end_json}}) {
    const int status =
        sqlite3_create_function_v2(connection, each.name, each.arguments,
                                   SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC, nullptr,
                                   nullptr, each.step, each.end, nullptr);
    if (status != SQLITE_OK) return status;
  }
  return SQLITE_OK;
}

}  // namespace database::sqlite
