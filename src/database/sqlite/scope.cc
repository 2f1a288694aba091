#include "database/sqlite/scope.h"

#include <algorithm>
#include <utility>

namespace database::sqlite {
namespace {

std::string qualified(const Source& source, const OutputColumn& column) {
  return quote_name(source.alias) + "." + quote_name(column.name);
}

Scope::Found find_in(const Source& source, std::string_view name, std::size_t depth) {
  using Outcome = Scope::Found::Outcome;
  if (source.out_of_reach) return {Outcome::kOutOfReach, {}, depth, &source};
  for (const OutputColumn& column : source.columns) {
    if (same_name(column.name, name)) {
      return {Outcome::kColumn, {qualified(source, column), column}, depth, &source};
    }
  }
  return {Outcome::kNoColumn, {}, depth, &source};
}

Scope::Found find_visible(const Level& level, std::string_view name, std::size_t depth) {
  using Outcome = Scope::Found::Outcome;
  const VisibleColumn* found = nullptr;
  for (const VisibleColumn& each : level.visible) {
    if (!same_name(each.column.name, name)) continue;
    if (found != nullptr) return {Outcome::kAmbiguous, {}, depth, nullptr};
    found = &each;
  }
  return found == nullptr ? Scope::Found() : Scope::Found{Outcome::kColumn, *found, depth, nullptr};
}

const Source* named(const Level& level, std::string_view alias) {
  const auto found = std::ranges::find_if(
      level.sources, [alias](const Source& each) { return same_name(each.alias, alias); });
  return found == level.sources.end() ? nullptr : &*found;
}

}  // namespace

Type type_of(const Column& column) {
  if (column.type == "INTEGER" || column.type == "INT") return Type::kInteger;
  if (column.type == "REAL") return Type::kFloat;
  if (column.type == "TEXT") return Type::kText;
  return Type::kUnknown;
}

void Level::add(Source source) {
  for (const OutputColumn& column : source.columns) {
    visible.push_back({qualified(source, column), column});
  }
  sources.push_back(std::move(source));
}

void Level::make_nullable(std::size_t first_source, std::size_t end_source) {
  for (std::size_t i = first_source; i < end_source; ++i) {
    for (OutputColumn& column : sources[i].columns) column.not_null = false;
    for (VisibleColumn& each : visible) {
      if (each.text.starts_with(quote_name(sources[i].alias) + ".")) each.column.not_null = false;
    }
  }
}

Scope::Found Scope::find(std::string_view table, std::string_view column) const {
  for (std::size_t depth = 0; depth < levels.size(); ++depth) {
    const Level& level = *levels[levels.size() - 1 - depth];
    if (table.empty()) {
      const Found found = find_visible(level, column, depth);
      if (found.outcome != Found::Outcome::kNoColumn) return found;
    } else if (const Source* source = named(level, table); source != nullptr) {
      return find_in(*source, column, depth);
    }
  }
  return {table.empty() ? Found::Outcome::kNoColumn : Found::Outcome::kNoTable, {}, 0, nullptr};
}

Scope::Found Scope::find_here(std::string_view column) const {
  return levels.empty() ? Found() : find_visible(*levels.back(), column, 0);
}

const Source* Scope::find_source(std::string_view alias) const {
  return levels.empty() ? nullptr : named(*levels.back(), alias);
}

Cte* Scope::find_cte(std::string_view name) {
  for (std::size_t i = ctes.size(); i > 0; --i) {
    if (same_name(ctes[i - 1].name, name)) return &ctes[i - 1];
  }
  return nullptr;
}

bool Scope::has_cte(std::string_view name) const {
  return std::ranges::any_of(ctes, [name](const Cte& each) { return same_name(each.name, name); });
}

Source source_of(const Table& table, std::size_t index, std::string alias) {
  Source source{std::move(alias), {}, index};
  for (const Column& column : table.columns) {
    source.columns.push_back({column.name, type_of(column), column.not_null});
  }
  return source;
}

}  // namespace database::sqlite
