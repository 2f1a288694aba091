// WITH (translator.h).
//
// Each common table expression has a name of our own in SQLite, where all of one WITH see each
// other and themselves; one that is not used is left out, and needs no privileges, as in
// PostgreSQL.
#include <utility>

#include <fmt/format.h>

#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

const Fields* query_of(const Fields& expression) {
  const Node* query = field(expression, "ctequery");
  return query != nullptr && is_kind(*query, "SelectStmt") ? &fields_of(*query) : nullptr;
}

}  // namespace

// No table of a guest's is called so.
std::string Translator::own_name() { return fmt::format("\"__c{}\"", ++own_names_); }

std::string Translator::listed(const std::vector<OutputColumn>& columns) {
  std::string text;
  for (const OutputColumn& column : columns) {
    if (!text.empty()) text += ", ";
    text += quote_name(column.name);
  }
  return text;
}

// The first columns by their titles.
std::vector<OutputColumn> Translator::titled(std::vector<OutputColumn> columns,
                                             const std::vector<std::string>& titles,
                                             std::string_view what, std::string_view name) {
  if (titles.size() > columns.size()) {
    fail(SqlState::kInvalidColumnReference,
         fmt::format("{} \"{}\" has {} columns available but {} columns specified", what, name,
                     columns.size(), titles.size()));
    return columns;
  }
  for (std::size_t i = 0; i < titles.size(); ++i) columns[i].name = titles[i];
  return columns;
}

Cte Translator::begin_cte(const Fields& expression, std::size_t siblings) {
  Cte cte;
  cte.name = text_field(expression, "ctename");
  cte.written = own_name();
  cte.body = query_of(expression);
  if (cte.body == nullptr) refuse("a WITH query that changes data", &expression);
  if (field(expression, "search_clause") != nullptr ||
      field(expression, "cycle_clause") != nullptr) {
    refuse("SEARCH or CYCLE", &expression);
  }
  for (const std::string_view title : names_of(expression, "aliascolnames")) {
    cte.titles.emplace_back(title);
  }
  for (std::size_t i = scope_.ctes.size() - siblings; i < scope_.ctes.size(); ++i) {
    if (!same_name(scope_.ctes[i].name, cte.name)) continue;
    fail(SqlState::kDuplicateAlias,
         fmt::format("WITH query name \"{}\" specified more than once", cte.name), &expression);
  }
  return cte;
}

void Translator::open_with(const Fields& statement) {
  const Fields* with = object_field(statement, "withClause");
  if (with == nullptr) return;
  const auto& list = list_field(*with, "ctes");
  const bool recursive = flag_field(*with, "recursive");
  const std::size_t first = scope_.ctes.size();
  for (const Node& each : list) {
    Cte cte = begin_cte(fields_of(each), scope_.ctes.size() - first);
    if (error_) return;
    if (!recursive) write_cte(cte, fields_of(each));
    cte.state = recursive ? Cte::State::kPending : Cte::State::kReady;
    scope_.ctes.push_back(std::move(cte));
  }
  for (std::size_t i = 0; recursive && i < list.size() && !error_; ++i) {
    Cte& cte = scope_.ctes[first + i];
    cte.state = Cte::State::kForbidden;
    write_cte(cte, fields_of(list[i]));
    cte.state = Cte::State::kReady;
  }
}

void Translator::write_cte(Cte& cte, const Fields& expression) {
  auto reads = std::exchange(reads_, {});
  Query made = query(*cte.body);
  cte.reads = std::exchange(reads_, std::move(reads));
  cte.used = false;  // by itself does not count
  if (error_) return;
  cte.columns = titled(std::move(made.columns), cte.titles, "WITH query", cte.name);
  const std::string_view kept = text_field(expression, "ctematerialized");
  cte.text = fmt::format("{}({}) AS {}({})", cte.written, listed(cte.columns),
                         kept == "CTEMaterializeAlways"  ? "MATERIALIZED "
                         : kept == "CTEMaterializeNever" ? "NOT MATERIALIZED "
                                                         : "",
                         made.text);
}

std::string Translator::take_with(const Fields& statement) {
  const Fields* with = object_field(statement, "withClause");
  if (with == nullptr || error_) return {};
  const std::size_t count = list_field(*with, "ctes").size();
  std::string text;
  for (std::size_t i = scope_.ctes.size() - count; i < scope_.ctes.size(); ++i) {
    if (!scope_.ctes[i].used) continue;
    text += text.empty() ? (flag_field(*with, "recursive") ? "WITH RECURSIVE " : "WITH ") : ", ";
    text += scope_.ctes[i].text;
  }
  for (std::size_t i = 0; i < count; ++i) scope_.ctes.pop_back();
  return text.empty() ? text : text + " ";
}

}  // namespace database::sqlite
