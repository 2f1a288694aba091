#include "database/migrations.h"

#include <string>

#include <fmt/format.h>

namespace database {
namespace {

constexpr std::string_view kVersionTable =
    "CREATE TABLE IF NOT EXISTS _roost_schema_version"
    " (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT";

base::Result<std::int64_t> version_of(Connection& connection, const std::string& name) {
  auto rows = connection.query("SELECT version FROM _roost_schema_version WHERE name = $1", {name});
  if (!rows) return base::fail(std::move(rows.error()));
  if (rows->empty()) return 0;
  const auto* version = std::get_if<std::int64_t>(&rows->front().front());
  if (version == nullptr || *version < 0) {
    return base::fail(
        base::Code::kStorage,
        fmt::format("_roost_schema_version: the version of {} is not a number; restore the "
                    "file from a backup",
                    name));
  }
  return *version;
}

// One step, or none when all is done. The version is read under the write lock, so that of two
// programs that start at once only one runs each script.
base::Result<bool> step(Connection& connection, const std::string& name,
                        std::span<const std::string_view> scripts) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return base::fail(std::move(transaction.error()));
  const auto version = version_of(connection, name);
  if (!version) return base::fail(version.error());
  const auto known = static_cast<std::int64_t>(scripts.size());
  if (*version > known) {
    return base::fail(
        base::Code::kStorage,
        fmt::format("the schema {} is at version {}, this program knows {}: run a newer "
                    "roost",
                    name, *version, known));
  }
  if (*version == known) return false;
  if (auto ran = connection.run_script(scripts[static_cast<std::size_t>(*version)]); !ran) {
    return base::fail(std::move(ran.error()));
  }
  auto noted = connection.query(
      "INSERT INTO _roost_schema_version (name, version) VALUES ($1, $2)"
      " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
      {name, *version + 1});
  if (!noted) return base::fail(std::move(noted.error()));
  if (auto committed = transaction->commit(); !committed) return base::fail(committed.error());
  return true;
}

}  // namespace

base::Result<void> migrate(Connection& connection, std::string_view name,
                           std::span<const std::string_view> scripts) {
  if (auto made = connection.run_script(kVersionTable); !made) return made;
  while (true) {
    const auto more = step(connection, std::string(name), scripts);
    if (!more) return base::fail(more.error());
    if (!*more) return {};
  }
}

}  // namespace database
