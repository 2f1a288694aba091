#include "cli/migration_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/input.h"

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".sql";

// Nothing when `file` has another form than NNNN_name.sql; a number past what a database keeps is
// none either.
std::optional<database::Migration> named(std::string_view file) {
  if (!file.ends_with(kEnding)) return std::nullopt;
  file.remove_suffix(kEnding.size());
  std::int64_t version = 0;
  const auto [rest, error] = std::from_chars(file.data(), file.data() + file.size(), version);
  if (error != std::errc() || version < 1) return std::nullopt;
  file.remove_prefix(static_cast<std::size_t>(rest - file.data()));
  if (!file.starts_with('_') || file.size() < 2) return std::nullopt;
  return database::Migration{.version = static_cast<std::uint64_t>(version),
                             .name = std::string(file.substr(1)),
                             .sql = {}};
}

Outcome<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with('.')) names.push_back(name);
  }
  if (error) {
    return fail(ExitCode::kUsage,
                fmt::format("cannot read the folder {}: {}", folder.string(), error.message()));
  }
  std::ranges::sort(names);
  return names;
}

// Sorted by version already.
Outcome<void> check_numbers(const std::vector<database::Migration>& migrations) {
  const auto twice = std::ranges::adjacent_find(migrations, {}, &database::Migration::version);
  if (twice == migrations.end()) return {};
  return fail(ExitCode::kUsage,
              fmt::format("two migrations have the number {}: \"{}\" and \"{}\"; give one of them "
                          "another",
                          twice->version, twice->name, std::next(twice)->name));
}

}  // namespace

Outcome<MigrationFolder> read_migration_folder(const fs::path& folder) {
  const auto names = names_in(folder);
  if (!names) return std::unexpected(names.error());
  MigrationFolder found;
  for (const std::string& name : *names) {
    auto migration = named(name);
    if (!migration) {
      found.ignored.push_back(name);
      continue;
    }
    auto sql = read_input((folder / name).string());
    if (!sql) return std::unexpected(std::move(sql.error()));
    migration->sql = std::move(*sql);
    found.migrations.push_back(std::move(*migration));
  }
  if (found.migrations.empty()) {
    const std::string other =
        found.ignored.empty() ? "" : fmt::format(" ({} is none)", fmt::join(found.ignored, ", "));
    return fail(
        ExitCode::kUsage,
        fmt::format("there is no migration in {}{}: name files as in 0001_create_todos.sql, "
                    "with a number from 1 on",
                    folder.string(), other));
  }
  std::ranges::sort(found.migrations, {}, [](const database::Migration& migration) {
    return std::tie(migration.version, migration.name);
  });
  if (auto checked = check_numbers(found.migrations); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  return found;
}

}  // namespace cli
