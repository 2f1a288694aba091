#include "database/sqlite/script_guard.h"

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "database/sqlite/failure.h"
#include "database/sqlite/schema.h"
#include "database/sqlite/schema_loader.h"

namespace database::sqlite {
namespace {

// Those whose argument names what is to be looked at, or sets what is the user's alone.
constexpr std::array<std::string_view, 17> kPragmas{
    "table_info",      "table_xinfo",    "table_list",         "index_list",
    "index_info",      "index_xinfo",    "foreign_key_list",   "foreign_key_check",
    "integrity_check", "quick_check",    "user_version",       "application_id",
    "optimize",        "analysis_limit", "defer_foreign_keys", "collation_list",
    "function_list"};
// Those that may be read only.
constexpr std::array<std::string_view, 10> kReadPragmas{
    "schema_version", "data_version", "page_count",   "page_size",   "freelist_count",
    "encoding",       "journal_mode", "foreign_keys", "module_list", "compile_options"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names,
                             [name](std::string_view other) { return same_name(name, other); });
}

bool is_roosts(std::string_view name) {
  constexpr std::string_view kPrefix = "_roost_";
  return name.size() >= kPrefix.size() && same_name(name.substr(0, kPrefix.size()), kPrefix);
}

std::string_view view_of(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

void ScriptGuard::install(sqlite3* connection) {
  sqlite3_set_authorizer(connection, &ScriptGuard::authorize, this);
}

int ScriptGuard::authorize(void* data, int action, const char* first, const char* second,
                           const char* /*schema*/, const char* trigger) noexcept {
  auto& guard = *static_cast<ScriptGuard*>(data);
  if (!guard.armed_) return SQLITE_OK;
  try {
    if (action == SQLITE_PRAGMA) return guard.decide_pragma(view_of(first), second != nullptr);
    return guard.decide(action, view_of(first), view_of(second), view_of(trigger));
  } catch (const std::exception&) {  // no memory for the message
    return SQLITE_DENY;
  }
}

int ScriptGuard::refuse(SqlState state, std::string message) {
  state_ = state;
  refusal_ = std::move(message);
  return SQLITE_DENY;
}

SqlError ScriptGuard::error(sqlite3* connection) const {
  if (refusal_.empty()) return sqlite_error(connection);
  return {state_, refusal_, std::nullopt};
}

int ScriptGuard::decide_pragma(std::string_view name, bool sets) {
  if (is_one_of(name, kPragmas) || (!sets && is_one_of(name, kReadPragmas))) return SQLITE_OK;
  return refuse(SqlState::kFeatureNotSupported,
                fmt::format("PRAGMA {} is not for scripts: Roost sets what its files need", name));
}

// One that is made, altered or dropped.
int ScriptGuard::decide_object(std::string_view what, std::string_view name,
                               std::string_view table) {
  if (is_roosts(table)) {
    return refuse(SqlState::kInsufficientPrivilege,
                  fmt::format("table \"{}\" is Roost's own", table));
  }
  // SQLite makes and drops its own along with the user's.
  const bool sqlites = name.size() > 7 && same_name(name.substr(0, 7), "sqlite_");
  if (sqlites || !is_reserved(name)) return SQLITE_OK;
  return refuse(SqlState::kInsufficientPrivilege,
                fmt::format("the {} name \"{}\" is reserved", what, name));
}

int ScriptGuard::decide(int action, std::string_view first, std::string_view second,
                        std::string_view trigger) {
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return refuse(SqlState::kFeatureNotSupported,
                    "a script is one transaction: leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out");
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return refuse(SqlState::kFeatureNotSupported, "other files cannot be attached");
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      // Roost's triggers on the user's tables write its tables.
      if (!is_roosts(first) || is_roosts(trigger)) return SQLITE_OK;
      return refuse(SqlState::kInsufficientPrivilege,
                    fmt::format("table \"{}\" is Roost's own: it may be read, not written", first));
    case SQLITE_CREATE_TABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
      return decide_object("table", first, first);
    case SQLITE_ALTER_TABLE:
      return decide_object("table", second, second);
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_VIEW:
      return decide_object("view", first, "");
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
      return decide_object("index", first, second);
    case SQLITE_DROP_TRIGGER:
      // Also with its table; what Roost needs of them it makes anew.
      if (!is_roosts(second)) return SQLITE_OK;
      return decide_object("trigger", first, second);
    case SQLITE_CREATE_TRIGGER:
      return decide_object("trigger", first, second);
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
      return refuse(SqlState::kFeatureNotSupported,
                    "temporary tables, views, indexes and triggers are not supported");
    case SQLITE_FUNCTION:
      if (!same_name(second, "load_extension")) return SQLITE_OK;
      return refuse(SqlState::kInsufficientPrivilege, "extensions cannot be loaded");
    default:
      return SQLITE_OK;
  }
}

}  // namespace database::sqlite
