#include "cli/stored_state.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/units.h"
#include "catalog/schema.h"
#include "sandbox/mappings.h"
#include "wasm/engine.h"

namespace cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Two machines' clocks, or a file system's, differ by a little.
constexpr seconds kClockGrain{60};
constexpr std::int64_t kKnownSchema = catalog::kSchema.size();

base::Result<std::int64_t> number(database::Connection& connection, std::string_view sql) {
  const auto rows = connection.query(sql);
  if (!rows) return base::fail(rows.error());
  const auto* value = rows->empty() ? nullptr : std::get_if<std::int64_t>(&rows->front().front());
  if (value != nullptr) return *value;
  return base::fail(base::Code::kStorage, "roost.db does not say its version");
}

base::Result<CatalogFacts> look_at_catalog(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return base::fail(base::Code::kNotFound, "no server has run here");
  const auto connection = database::open_sqlite(file, database::SystemAccess());
  if (!connection) return base::fail(connection.error());
  CatalogFacts facts;
  for (const auto& [value, sql] :
       {std::pair(&facts.schema,
                  "SELECT version FROM _roost_schema_version WHERE name = 'catalog'"),
        std::pair(&facts.functions, "SELECT count(*) FROM functions WHERE enabled = 1"),
        std::pair(&facts.modules,
                  "SELECT count(DISTINCT v.module) FROM functions f JOIN versions v ON "
                  "v.function_id = f.id AND v.number = f.current_version WHERE f.enabled = 1")}) {
    const auto found = number(**connection, sql);
    if (!found) return base::fail(found.error());
    *value = *found;
  }
  return facts;
}

base::Result<std::int64_t> look_at_tables(const fs::path& folder) {
  const fs::path file = folder / "data.db";
  std::error_code error;
  if (fs::file_size(file, error) == 0 || error) {
    if (!fs::exists(folder / "keys.json", error)) {
      return base::fail(base::Code::kNotFound, "no server has run here");
    }
    return base::fail(base::Code::kStorage, file.string() + " was lost or emptied");
  }
  const auto connection = database::open_sqlite(file, database::SystemAccess());
  if (!connection) return base::fail(connection.error());
  return number(**connection,
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                " AND name NOT GLOB '_roost_*' AND name NOT GLOB 'sqlite_*'");
}

// sandbox/code_store.h has the names.
std::int64_t count_compiled(const fs::path& folder) {
  const auto engine = wasm::Engine::compiling();
  if (!engine) return 0;
  const std::string ending = fmt::format("-{:016x}.code", engine->compatibility());
  std::error_code error;
  std::int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().ends_with(ending)) ++count;
  }
  return count;
}

// Of what a server writes all the time.
seconds newest_ahead(const fs::path& folder) {
  std::int64_t newest = 0;
  for (const char* name :
       {"roost.db", "roost.db-wal", "data.db", "data.db-wal", "keys.json", "journal", "lock"}) {
    struct stat status{};
    if (::stat((folder / name).c_str(), &status) == 0) {
      newest = std::max<std::int64_t>(newest, status.st_mtim.tv_sec);
    }
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return seconds(newest > now ? newest - now : 0);
}

Check check_catalog(const StoredState& state) {
  if (!state.catalog) {
    if (state.catalog.error().code == base::Code::kNotFound) {
      return {"catalog", Verdict::kOk, "is made by the first start", {}};
    }
    return {"catalog", Verdict::kFail, state.catalog.error().message,
            "restore it from a backup with roost restore"};
  }
  const CatalogFacts& facts = *state.catalog;
  Check check{"catalog",
              Verdict::kOk,
              fmt::format("schema {}; {} functions enabled", facts.schema, facts.functions),
              {}};
  if (facts.schema > kKnownSchema) {
    check.verdict = Verdict::kFail;
    check.advice = fmt::format("this program knows {}: run a newer roost", kKnownSchema);
  } else if (facts.schema < kKnownSchema) {
    check.finding += fmt::format(", brought to {} by the next start", kKnownSchema);
  }
  return check;
}

Check check_tables(const StoredState& state) {
  if (state.tables) {
    return {"tables", Verdict::kOk, fmt::format("{} in data.db", *state.tables), {}};
  }
  if (state.tables.error().code == base::Code::kNotFound) {
    return {"tables", Verdict::kOk, "are made by the first start", {}};
  }
  return {"tables", Verdict::kFail, state.tables.error().message,
          "restore it from a backup with roost restore"};
}

Check check_compiled(const StoredState& state, std::uint64_t max_mappings) {
  const std::int64_t modules = state.catalog ? state.catalog->modules : 0;
  const auto room = static_cast<std::int64_t>(sandbox::max_programs(max_mappings));
  Check check{"compiled code",
              Verdict::kOk,
              fmt::format("{} modules for this engine, {} enabled, room for {} at once",
                          state.compiled, modules, room),
              {}};
  if (modules > room) {
    check.verdict = Verdict::kWarn;
    check.advice = fmt::format(
        "the functions called least are mapped anew by each of their calls: run sysctl -w "
        "vm.max_map_count={}",
        modules * 5 * 4);
  } else if (state.compiled < modules) {
    check.finding += "; the next start compiles what is missing";
  }
  return check;
}

Check check_journal(const StoredState& state, const server::Config& config) {
  Check check{
      "journal",
      Verdict::kOk,
      fmt::format("{} files, {} of {}", state.journal_files, base::format_size(state.journal_bytes),
                  base::format_size(config.journal.max_bytes)),
      {}};
  // A file more than it should be is made ready ahead; much more is not deleted.
  if (state.journal_bytes > 2 * config.journal.max_bytes) {
    check.verdict = Verdict::kWarn;
    check.advice = "a running server deletes what is too much: does it run, may it delete there?";
  }
  return check;
}

Check check_clock(const StoredState& state) {
  if (state.newest_ahead <= kClockGrain) return {"clock", Verdict::kOk, "goes forward", {}};
  return {"clock", Verdict::kWarn,
          fmt::format("the data folder was written {} s in the future", state.newest_ahead.count()),
          "the clock was set back: tokens hold longer, and what was due by the old time is late; "
          "see that "
          "it is synchronised (timedatectl)"};
}

}  // namespace

StoredState look_at_state(const fs::path& folder) {
  StoredState state{.catalog = look_at_catalog(folder / "roost.db"),
                    .tables = look_at_tables(folder),
                    .compiled = count_compiled(folder / "code"),
                    .newest_ahead = newest_ahead(folder)};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "journal", error)) {
    const auto size = entry.file_size(error);
    if (error) continue;  // forgotten just now
    ++state.journal_files;
    state.journal_bytes += size;
  }
  return state;
}

std::vector<Check> diagnose_state(const StoredState& state, std::uint64_t max_mappings,
                                  const server::Config& config) {
  return {check_catalog(state), check_tables(state), check_compiled(state, max_mappings),
          check_journal(state, config), check_clock(state)};
}

}  // namespace cli
