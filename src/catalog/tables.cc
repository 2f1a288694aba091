#include "catalog/tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"

namespace catalog {
namespace {

using base::Code;
using base::Result;
using database::Blob;
using database::Connection;
using database::Row;
using database::Value;
using Rows = Result<std::vector<Row>>;

std::chrono::system_clock::time_point time_of(const Value& value) {
  return std::chrono::system_clock::time_point(
      std::chrono::microseconds(std::get<std::int64_t>(value)));
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Blob blob_of(const base::Sha256& hash) { return Blob{std::string(base::as_view(hash))}; }

std::unexpected<base::Error> no_function(std::string_view name) {
  return base::fail(
      Code::kNotFound,
      fmt::format("there is no function \"{}\": deploy it, or list those there are", name));
}

base::Error damaged(std::string_view what) {
  return {Code::kStorage, fmt::format("roost.db is damaged ({}): restore it from a backup", what)};
}

// Takes number, module, module_bytes, config, created_at. May throw std::bad_variant_access; called
// by `read_rows` alone.
Result<Version> read_version_at(const Row& row, std::size_t first) {
  Version version;
  version.number = static_cast<int>(std::get<std::int64_t>(row.at(first)));
  const std::string& hash = std::get<Blob>(row.at(first + 1)).bytes;
  if (hash.size() != version.module.size()) return base::fail(damaged("a hash of another length"));
  std::ranges::copy(hash, version.module.begin());
  version.module_bytes = static_cast<std::uint64_t>(std::get<std::int64_t>(row.at(first + 2)));
  auto config = parse_config(std::get<std::string>(row.at(first + 3)));
  if (!config) return base::fail(damaged(config.error().message));
  version.config = std::move(*config);
  version.created_at = time_of(row.at(first + 4));
  return version;
}

Result<Version> read_version(const Row& row) { return read_version_at(row, 0); }

// As read_version, then the function's id, enabled, created_at; then, if it has a canary, its
// percent, header and version, else nulls.
Result<Function> read_function(const Row& row) {
  auto version = read_version(row);
  if (!version) return base::fail(std::move(version.error()));
  Function function;
  function.id = FunctionId(std::get<std::int64_t>(row.at(5)));
  function.enabled = std::get<std::int64_t>(row.at(6)) != 0;
  function.created_at = time_of(row.at(7));
  function.version = std::move(*version);
  if (const auto* previous = std::get_if<std::int64_t>(&row.at(15))) {
    function.previous = static_cast<int>(*previous);
  }
  if (std::holds_alternative<std::int64_t>(row.at(8))) {
    auto other = read_version_at(row, 10);
    if (!other) return base::fail(std::move(other.error()));
    auto canary = std::make_shared<Function>(function);
    canary->version = std::move(*other);
    function.canary = {{.percent = static_cast<int>(std::get<std::int64_t>(row.at(8))),
                        .header = std::get<std::string>(row.at(9))},
                       std::move(canary)};
  }
  return function;
}

template <class T>
Result<std::vector<T>> read_rows(const Rows& rows, Result<T> (*read)(const Row&)) try {
  if (!rows) return base::fail(rows.error());
  std::vector<T> values;
  values.reserve(rows->size());
  for (const Row& row : *rows) {
    auto value = read(row);
    if (!value) return base::fail(std::move(value.error()));
    values.push_back(std::move(*value));
  }
  return values;
} catch (const std::bad_variant_access&) {
  // STRICT tables hold what they declare, so this is not a row that Roost wrote.
  return base::fail(damaged("a value of another type"));
}

// What an UPDATE or DELETE with RETURNING touched: nothing means that the name is unknown.
Result<void> touched(const Rows& rows, std::string_view name) {
  if (!rows) return base::fail(rows.error());
  if (rows->empty()) return no_function(name);
  return {};
}

// The bytes are written again where they differ, so that deploying again cures a damaged module.
Result<void> insert_module(Connection& connection, const Deployment& deployment) {
  const auto rows = connection.query(
      "INSERT INTO modules (sha256, bytes) VALUES ($1, $2) ON CONFLICT (sha256) DO UPDATE"
      " SET bytes = excluded.bytes WHERE bytes IS NOT excluded.bytes",
      {blob_of(deployment.hash), Blob{std::string(deployment.module)}});
  if (!rows) return base::fail(rows.error());
  return {};
}

// `function` holds the id and the number that it already points to.
Result<void> insert_parts(Connection& connection, const Row& function,
                          const Deployment& deployment) {
  if (auto stored = insert_module(connection, deployment); !stored) return stored;
  const auto version = connection.query(
      "INSERT INTO versions (function_id, number, module, config, created_at)"
      " VALUES ($1, $2, $3, $4, $5)",
      {function.at(0), function.at(1), blob_of(deployment.hash), to_json(deployment.config),
       now()});
  if (!version) return base::fail(version.error());
  for (const Trigger& trigger : deployment.config.triggers) {
    const auto row = connection.query(
        "INSERT INTO triggers (function_id, version, kind, subject, detail)"
        " VALUES ($1, $2, $3, $4, $5)",
        {function.at(0), function.at(1), std::string(name_of(trigger.kind)), trigger.subject,
         trigger.detail});
    if (!row) return base::fail(row.error());
  }
  return {};
}

constexpr std::string_view kSelectFunctions =
    "SELECT v.number, v.module, v.module_bytes, v.config, v.created_at, f.id, f.enabled,"
    " f.created_at, c.percent, c.header, w.number, w.module, w.module_bytes, w.config, "
    "w.created_at,"
    " f.previous_version"
    " FROM functions f"
    " JOIN version_summaries v ON v.function_id = f.id AND v.number = f.current_version"
    " LEFT JOIN canaries c ON c.function_id = f.id"
    " LEFT JOIN version_summaries w ON w.function_id = f.id AND w.number = c.version";

Result<void> put_canary(Connection& connection, const Value& function, const Value& version,
                        const CanarySplit& split) {
  const auto rows = connection.query(
      "INSERT OR REPLACE INTO canaries (function_id, version, percent, header)"
      " VALUES ($1, $2, $3, $4)",
      {function, version, std::int64_t{split.percent}, split.header});
  if (!rows) return base::fail(rows.error());
  return {};
}

Result<void> check_canary(const Config& config) {
  if (std::ranges::find(config.triggers, TriggerKind::kHttp, &Trigger::kind) !=
      config.triggers.end()) {
    return {};
  }
  return base::fail(
      Code::kInvalidArgument,
      fmt::format("a canary gets HTTP calls, and that version of \"{}\" has no `http` "
                  "trigger: deploy it without --canary",
                  config.name));
}

}  // namespace

Result<std::vector<Function>> select_functions(Connection& connection) {
  return read_rows(connection.query(std::string(kSelectFunctions) + " ORDER BY f.name"),
                   read_function);
}

Result<Function> select_function(Connection& connection, std::string_view name) {
  auto functions = read_rows(
      connection.query(std::string(kSelectFunctions) + " WHERE f.name = $1", {std::string(name)}),
      read_function);
  if (!functions) return base::fail(std::move(functions.error()));
  if (functions->empty()) return no_function(name);
  return std::move(functions->front());
}

Result<std::vector<Version>> select_versions(Connection& connection, std::string_view name) {
  auto versions = read_rows(
      connection.query("SELECT v.number, v.module, v.module_bytes, v.config, v.created_at"
                       " FROM functions f JOIN version_summaries v ON v.function_id = f.id"
                       " WHERE f.name = $1 ORDER BY v.number",
                       {std::string(name)}),
      read_version);
  if (versions && versions->empty()) return no_function(name);
  return versions;
}

Result<Version> find_version(Connection& connection, std::string_view name, int number) {
  auto versions = select_versions(connection, name);
  if (!versions) return base::fail(versions.error());
  const auto found = std::ranges::find(*versions, number, &Version::number);
  if (found != versions->end()) return std::move(*found);
  return base::fail(Code::kNotFound,
                    fmt::format("the function \"{}\" has no version {}: it has 1 to {}", name,
                                number, versions->back().number));
}

Result<std::set<base::Sha256>> select_modules(Connection& connection) {
  auto rows = connection.query("SELECT sha256 FROM modules");
  if (!rows) return base::fail(std::move(rows.error()));
  std::set<base::Sha256> hashes;
  for (const auto& row : *rows) {
    const auto* const bytes = std::get_if<Blob>(&row.front());
    base::Sha256 hash;
    if (bytes == nullptr || bytes->bytes.size() != hash.size()) {
      return base::fail(damaged("a hash of another length"));
    }
    std::ranges::copy(bytes->bytes, hash.begin());
    hashes.insert(hash);
  }
  return hashes;
}

Result<std::string> select_module(Connection& connection, const base::Sha256& hash) {
  auto rows = connection.query("SELECT bytes FROM modules WHERE sha256 = $1", {blob_of(hash)});
  if (!rows) return base::fail(std::move(rows.error()));
  if (rows->empty()) {
    return base::fail(Code::kNotFound,
                      fmt::format("there is no module {}", base::to_hex(base::as_view(hash))));
  }
  auto* module = std::get_if<Blob>(&rows->front().front());
  if (module == nullptr) return base::fail(damaged("a module of another type"));
  return std::move(module->bytes);
}

Result<void> insert_function(Connection& connection, const Deployment& deployment) {
  const auto rows = connection.query(
      "INSERT INTO functions (name, enabled, current_version, created_at) VALUES ($1, 1, 1, $2)"
      " RETURNING id, current_version",
      {deployment.config.name, now()});
  if (!rows && rows.error().code == Code::kAlreadyExists) {
    return base::fail(Code::kAlreadyExists,
                      fmt::format("there is a function \"{}\" already: deploy its next version, or "
                                  "choose another name",
                                  deployment.config.name));
  }
  if (!rows) return base::fail(rows.error());
  return insert_parts(connection, rows->front(), deployment);
}

Result<void> insert_version(Connection& connection, const Deployment& deployment) {
  const auto rows = connection.query(
      "UPDATE functions SET previous_version = current_version, current_version ="
      " (SELECT max(number) + 1 FROM versions WHERE function_id = functions.id)"
      " WHERE name = $1 RETURNING id, current_version",
      {deployment.config.name});
  if (auto found = touched(rows, deployment.config.name); !found) return found;
  if (auto ended = delete_canary(connection, deployment.config.name); !ended) return ended;
  return insert_parts(connection, rows->front(), deployment);
}

Result<void> insert_canary_version(Connection& connection, const Deployment& deployment,
                                   const CanarySplit& split) {
  if (auto fits = check_canary(deployment.config); !fits) return fits;
  const auto rows = connection.query(
      "SELECT id, (SELECT max(number) + 1 FROM versions WHERE function_id = functions.id)"
      " FROM functions WHERE name = $1",
      {deployment.config.name});
  if (auto found = touched(rows, deployment.config.name); !found) return found;
  if (auto parts = insert_parts(connection, rows->front(), deployment); !parts) return parts;
  return put_canary(connection, rows->front().at(0), rows->front().at(1), split);
}

Result<void> update_canary(Connection& connection, std::string_view name, int version,
                           const CanarySplit& split) {
  const auto other = find_version(connection, name, version);
  if (!other) return base::fail(other.error());
  if (auto fits = check_canary(other->config); !fits) return fits;
  const auto rows = connection.query("SELECT id, current_version FROM functions WHERE name = $1",
                                     {std::string(name)});
  if (auto found = touched(rows, name); !found) return found;
  if (rows->front().at(1) == Value(std::int64_t{version})) {
    return base::fail(Code::kInvalidArgument,
                      fmt::format("version {} of \"{}\" is the one that runs: name another as its "
                                  "canary",
                                  version, name));
  }
  return put_canary(connection, rows->front().at(0), std::int64_t{version}, split);
}

Result<void> delete_canary(Connection& connection, std::string_view name) {
  const auto rows = connection.query(
      "DELETE FROM canaries WHERE function_id = (SELECT id FROM functions WHERE name = $1)",
      {std::string(name)});
  if (!rows) return base::fail(rows.error());
  return {};
}

Result<void> update_current(Connection& connection, std::string_view name, int version) {
  if (const auto other = find_version(connection, name, version); !other) {
    return base::fail(other.error());
  }
  if (auto ended = delete_canary(connection, name); !ended) return ended;
  return touched(connection.query("UPDATE functions SET current_version = $2, previous_version ="
                                  " CASE current_version WHEN $2 THEN previous_version"
                                  " ELSE current_version END WHERE name = $1 RETURNING id",
                                  {std::string(name), std::int64_t{version}}),
                 name);
}

Result<void> update_enabled(Connection& connection, std::string_view name, bool enabled) {
  return touched(connection.query("UPDATE functions SET enabled = $2 WHERE name = $1 RETURNING id",
                                  {std::string(name), std::int64_t{enabled ? 1 : 0}}),
                 name);
}

Result<void> delete_function(Connection& connection, std::string_view name) {
  const auto rows =
      connection.query("DELETE FROM functions WHERE name = $1 RETURNING id", {std::string(name)});
  if (auto found = touched(rows, name); !found) return found;
  const auto unused = connection.query(
      "DELETE FROM modules WHERE NOT EXISTS (SELECT 1 FROM versions WHERE module = sha256)");
  if (!unused) return base::fail(unused.error());
  return {};
}

}  // namespace catalog
