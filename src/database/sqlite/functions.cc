#include "database/sqlite/functions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <new>

#include <fmt/format.h>

#include "base/crypto.h"
#include "database/sqlite/function_call.h"

namespace database::sqlite {
namespace {

void answer_user_id(FunctionCall& call, Caller& caller) {
  if (!caller.user_id.empty()) call.answer(caller.user_id);
}

void answer_role(FunctionCall& call, Caller& caller) { call.answer(auth::name_of(caller.role)); }

void answer_claims(FunctionCall& call, Caller& caller) { call.answer_json(caller.claims); }

std::string time_text(std::chrono::system_clock::time_point now) {
  using std::chrono::microseconds;
  const auto since = std::chrono::duration_cast<microseconds>(now.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t time = seconds.count();
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (since - seconds).count());
}

void answer_now(FunctionCall& call, Caller& caller) {
  if (caller.now.empty()) caller.now = time_text(std::chrono::system_clock::now());
  call.answer(caller.now);
}

void random_number(FunctionCall& call) {
  constexpr int kBits = 53;  // of a double's fraction
  std::uint64_t bits = 0;
  sqlite3_randomness(sizeof bits, &bits);
  call.answer(static_cast<double>(bits >> (64 - kBits)) / static_cast<double>(1ULL << kBits));
}

// RFC 9562, section 5.4.
void random_uuid(FunctionCall& call) {
  std::array<std::uint8_t, 16> bytes;
  base::fill_random(bytes.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text += fmt::format("{:02x}", bytes[i]);
  }
  call.answer(text);
}

void default_marker(FunctionCall& call) { call.answer_blob(kDefaultMarker); }

// Its argument is "state: message".
void refuse(FunctionCall& call) {
  const std::string_view message = call.text(0);
  const auto state = state_of(message.substr(0, 5));
  call.fail(state.value_or(SqlState::kInternalError),
            message.substr(std::min<std::size_t>(7, message.size())));
}

constexpr std::array kRandomFunctions{
    Function{"pg_random", 0, 0, &random_number},
    Function{"pg_uuid", 0, 0, &random_uuid},
};
constexpr std::array kOwnFunctions{Function{"pg_default", 0, 0, &default_marker},
                                   Function{"roost_refuse", 1, 1, &refuse}};

// Nothing may be thrown through SQLite; of what these functions do, only memory can fail.
template <class Run>
void guarded(sqlite3_context* context, Run run) noexcept {
  try {
    run();
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (...) {
    sqlite3_result_error(context, "XX000: a function failed", -1);
  }
}

void run_function(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  guarded(context, [&] {
    const auto& function = *static_cast<const Function*>(sqlite3_user_data(context));
    FunctionCall call(context, count, values);
    if (function.nulls == Function::Nulls::kNull) {
      for (std::size_t i = 0; i < call.count(); ++i) {
        if (call.is_null(i)) return;
      }
    }
    function.run(call);
  });
}

template <void (*kAnswer)(FunctionCall&, Caller&)>
void run_for_caller(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  guarded(context, [&] {
    FunctionCall call(context, count, values);
    kAnswer(call, *static_cast<Caller*>(sqlite3_user_data(context)));
  });
}

constexpr int kStable = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
constexpr int kVolatile = SQLITE_UTF8 | SQLITE_INNOCUOUS;

int add(sqlite3* connection, const char* name, int arguments, int flags, void* data,
        void (*run)(sqlite3_context*, int, sqlite3_value**)) {
  return sqlite3_create_function_v2(connection, name, arguments, flags, data, run, nullptr, nullptr,
                                    nullptr);
}

int add_all(sqlite3* connection, std::span<const Function> functions, int flags) {
  for (const Function& function : functions) {
    // SQLite's interface has no constant; nothing writes through it.
    auto* const data = const_cast<Function*>(&function);
    // A function of any number of arguments checks nothing else: its translation does.
    const int first = function.max_arguments < 0 ? -1 : function.min_arguments;
    for (int count = first; count <= function.max_arguments; ++count) {
      const int status = add(connection, function.name, count, flags, data, &run_function);
      if (status != SQLITE_OK) return status;
    }
  }
  return SQLITE_OK;
}

}  // namespace

int register_functions(sqlite3* connection, Caller& caller) {
  struct Own {
    const char* name;
    int flags;
    void (*run)(sqlite3_context*, int, sqlite3_value**);
  };
  for (const Own& own : {Own{"auth_uid", kStable, &run_for_caller<answer_user_id>},
                         Own{"auth_role", kStable, &run_for_caller<answer_role>},
                         Own{"auth_jwt", kStable, &run_for_caller<answer_claims>},
                         Own{"pg_now", kVolatile, &run_for_caller<answer_now>}}) {
    const int status = add(connection, own.name, 0, own.flags, &caller, own.run);
    if (status != SQLITE_OK) return status;
  }
  struct Group {
    std::span<const Function> functions;
    int flags;
  };
  for (const auto& [functions, flags] :
       {Group{text_functions(), kStable}, Group{number_functions(), kStable},
        Group{cast_functions(), kStable}, Group{json_functions(), kStable},
        Group{kOwnFunctions, kStable}, Group{kRandomFunctions, kVolatile}}) {
    const int status = add_all(connection, functions, flags);
    if (status != SQLITE_OK) return status;
  }
  return register_aggregates(connection);
}

}  // namespace database::sqlite
