// INSERT, of GuestStatementWriter.
#include <algorithm>

#include <fmt/format.h>

#include "database/sqlite/guest_statement.h"

namespace database::sqlite {
namespace {

bool is_list_of_rows(const Fields& query) {
  for (const std::string_view clause : {"sortClause", "limitCount", "limitOffset", "withClause"}) {
    if (field(query, clause) != nullptr) return false;
  }
  return field(query, "valuesLists") != nullptr;
}

// What a column of a query becomes when it is stored (Translator::assigned, of what has no node).
std::string stored_as(Type to, Type from, const std::string& text) {
  if (to == Type::kInteger && from == Type::kNumeric) return "pg_bigint(pg_round(" + text + ", 0))";
  if (to == Type::kInteger && from == Type::kFloat) return "pg_bigint(" + text + ")";
  if (to != Type::kText) return text;
  if (from == Type::kFloat || from == Type::kNumeric) return "pg_text(" + text + ")";
  if (from != Type::kBoolean) return text;
  return fmt::format("CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", text);
}

}  // namespace

void GuestStatementWriter::insert(const Fields& statement) {
  made_.kind = Kind::kInsert;
  if (!open(statement)) return;
  const std::string_view override = text_field(statement, "override");
  if (!override.empty() && override != "OVERRIDING_NOT_SET") translator_.refuse("OVERRIDING");
  name_columns(statement);
  if (translator_.error()) return;
  const Node* source = field(statement, "selectStmt");
  if (source == nullptr) {
    made_.columns.clear();
  } else if (is_list_of_rows(fields_of(*source))) {
    insert_rows(fields_of(*source));
  } else {
    insert_query(fields_of(*source));
  }
  if (translator_.error()) return;
  if (const Fields* clause = object_field(statement, "onConflictClause")) conflict(*clause);
  returning(statement);
  finish(statement);
}

// Generated columns too: their values may be DEFAULT.
void GuestStatementWriter::name_columns(const Fields& statement) {
  const auto& named = list_field(statement, "cols");
  made_.columns_listed = !named.empty();
  for (const Node& each : named) {
    const std::size_t found = column(fields_of(each));
    if (std::ranges::find(made_.columns, found) != made_.columns.end()) {
      translator_.fail(
          SqlState::kDuplicateColumn,
          fmt::format("column \"{}\" specified more than once", target().columns[found].name),
          &fields_of(each));
    }
    made_.columns.push_back(found);
  }
  for (std::size_t i = 0; !made_.columns_listed && i < target().columns.size(); ++i) {
    made_.columns.push_back(i);
  }
}

bool GuestStatementWriter::check_width(std::size_t width, std::size_t columns) {
  if (width > columns) {
    translator_.fail(SqlState::kSyntaxError, "INSERT has more expressions than target columns");
  } else if (width < columns && made_.columns_listed) {
    translator_.fail(SqlState::kSyntaxError, "INSERT has more target columns than expressions");
  }
  return !translator_.error();
}

void GuestStatementWriter::insert_rows(const Fields& values) {
  const auto& rows = list_field(values, "valuesLists");
  const std::size_t width = list_field(fields_of(rows[0]), "items").size();
  for (const Node& each : rows) {
    if (list_field(fields_of(each), "items").size() == width) continue;
    translator_.fail(SqlState::kSyntaxError, "VALUES lists must all be the same length");
    return;
  }
  if (!check_width(width, made_.columns.size())) return;
  const std::vector<std::size_t> targets = made_.columns;
  std::erase_if(made_.columns,
                [this](std::size_t each) { return target().columns[each].generated; });
  std::string text;
  for (const Node& each : rows) {
    const std::string one = row(list_field(fields_of(each), "items"), targets);
    if (translator_.error()) return;
    text += text.empty() ? "VALUES (" : ", (";
    text += one + ")";
    if (!one.empty()) continue;
    // Nothing but DEFAULT for generated columns.
    if (rows.size() > 1) translator_.refuse("several rows without a value");
    made_.columns.clear();
    return;
  }
  made_.source = std::move(text);
}

std::string GuestStatementWriter::row(const boost::json::array& items,
                                      const std::vector<std::size_t>& targets) {
  const Translator::Clause clause(translator_, "VALUES");
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Column& to = target().columns[targets[i]];
    const bool is_default = is_kind(items[i], "SetToDefault");
    if (to.generated) {
      if (is_default) continue;
      return translator_.fail(
          SqlState::kGeneratedAlways,
          fmt::format("cannot insert a non-DEFAULT value into column \"{}\"", to.name));
    }
    if (!text.empty()) text += ", ";
    text += is_default ? "pg_default()" : translator_.assigned(items[i], type_of(to));
  }
  return text;
}

void GuestStatementWriter::insert_query(const Fields& query) {
  const Translator::Query rows = translator_.query(query);
  if (translator_.error() || !check_width(rows.columns.size(), made_.columns.size())) return;
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const Column& to = target().columns[made_.columns[i]];
    if (!to.generated) continue;
    translator_.fail(SqlState::kGeneratedAlways,
                     fmt::format("cannot insert a non-DEFAULT value into column \"{}\"", to.name));
  }
  made_.source = stored(rows);
  own_with_ = made_.source.starts_with("WITH ");
  std::erase_if(made_.columns,
                [this](std::size_t each) { return target().columns[each].generated; });
}

std::string GuestStatementWriter::stored(const Translator::Query& query) {
  std::string names, values;
  bool same = true;
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const std::string name = fmt::format("\"v{}\"", i);
    const Column& to = target().columns[made_.columns[i]];
    const std::string value = stored_as(type_of(to), query.columns[i].type, name);
    same = same && value == name;
    names += (i > 0 ? ", " : "") + name;
    values += (i > 0 ? ", " : "") + value;
  }
  return same ? query.text
              : fmt::format("WITH \"__stored\"({}) AS ({}) SELECT {} FROM \"__stored\"", names,
                            query.text, values);
}

// ---- ON CONFLICT -------------------------------------------------------------------------------

void GuestStatementWriter::conflict(const Fields& clause) {
  Conflict made;
  if (const Fields* infer = object_field(clause, "infer")) conflict_target(*infer, made);
  const bool updates = text_field(clause, "action") == "ONCONFLICT_UPDATE";
  if (updates && made.target.empty()) {
    translator_.fail(
        SqlState::kSyntaxError,
        "ON CONFLICT DO UPDATE requires inference specification or constraint name: name the "
        "columns that may conflict",
        &clause);
  }
  if (translator_.error()) return;
  if (updates) {
    Level level = level_;
    translator_.add_source(source_of(target(), made_.target, "excluded"), clause, level);
    const InLevel inside(translator_.scope(), level);
    Assignments set = assignments(clause);
    made.columns = std::move(set.columns);
    made.default_columns = std::move(set.defaults);
    made.update = fmt::format("SELECT {} FROM {}, {} AS \"excluded\"{}",
                              set.values.empty() ? "1" : parenthesized(set.values), guarded("__o_"),
                              quote_name("__x_" + target().name), where(clause));
  }
  made_.conflict = std::move(made);
}

void GuestStatementWriter::conflict_target(const Fields& infer, Conflict& made) {
  if (field(infer, "conname") != nullptr) translator_.refuse("ON CONFLICT ON CONSTRAINT", &infer);
  if (field(infer, "whereClause") != nullptr) {
    translator_.refuse("ON CONFLICT on a partial index", &infer);
  }
  for (const Node& each : list_field(infer, "indexElems")) {
    const Fields& element = fields_of(each);
    if (field(element, "expr") != nullptr || field(element, "collation") != nullptr ||
        field(element, "opclass") != nullptr) {
      translator_.refuse("ON CONFLICT on an expression, a collation or an operator class", &infer);
      return;
    }
    made.target.push_back(column(element));
  }
  std::ranges::sort(made.target);
  made.target.erase(std::ranges::unique(made.target).begin(), made.target.end());
}

}  // namespace database::sqlite
