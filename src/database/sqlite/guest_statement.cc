#include "database/sqlite/guest_statement.h"

#include <algorithm>

#include <fmt/format.h>

namespace database::sqlite {
namespace {

bool holds_query(const Node& node) {
  if (is_kind(node, "SubLink")) return true;
  if (node.is_array()) return std::ranges::any_of(node.get_array(), &holds_query);
  return node.is_object() && std::ranges::any_of(node.get_object(), [](const auto& member) {
           return holds_query(member.value());
         });
}

}  // namespace

std::string parenthesized(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "(" : ", (") + value + ")";
  return text;
}

SqlResult<GuestStatement> GuestStatementWriter::write(const Node& statement) {
  const std::string_view kind = kind_of(statement);
  const Fields& fields = fields_of(statement);
  if (kind == "SelectStmt") {
    select(fields);
  } else if (kind == "InsertStmt") {
    insert(fields);
  } else if (kind == "UpdateStmt") {
    update(fields);
  } else if (kind == "DeleteStmt") {
    remove(fields);
  } else {
    translator_.fail(SqlState::kFeatureNotSupported,
                     "only SELECT, INSERT, UPDATE and DELETE are taken here");
  }
  if (translator_.error()) return sql_fail(*translator_.error());
  made_.reads = translator_.take_reads();
  made_.parameters = translator_.parameters();
  made_.names_target = translator_.names_watched();
  return std::move(made_);
}

void GuestStatementWriter::select(const Fields& statement) {
  made_.kind = Kind::kSelect;
  made_.source = translator_.query(statement).text;
}

// ---- The target --------------------------------------------------------------------------------

bool GuestStatementWriter::open(const Fields& statement) {
  translator_.open_with(statement);
  const Fields* relation = object_field(statement, "relation");
  if (translator_.error() || relation == nullptr) return false;
  const auto found = translator_.target(*relation);
  if (!found) return false;
  made_.target = *found;
  const Fields* alias = object_field(*relation, "alias");
  alias_ = alias == nullptr ? target().name : text_field(*alias, "aliasname");
  level_.add(source_of(target(), *found, alias_));
  translator_.watch(level_);
  return true;
}

// Each piece begins with the statement's WITH.
void GuestStatementWriter::finish(const Fields& statement) {
  const std::string with = translator_.take_with(statement);
  if (with.empty()) return;
  if (own_with_) made_.source = "SELECT * FROM (" + made_.source + ")";
  for (std::string* piece : {&made_.source, &made_.probe, &made_.returning}) {
    if (!piece->empty()) *piece = with + *piece;
  }
  if (made_.conflict && !made_.conflict->update.empty()) {
    made_.conflict->update = with + made_.conflict->update;
  }
}

std::string GuestStatementWriter::guarded(std::string_view prefix) const {
  return quote_name(std::string(prefix) + target().name) + " AS " + quote_name(alias_);
}

std::string GuestStatementWriter::row_id() const {
  return fmt::format("{}.{}", quote_name(alias_), target().rowid_name());
}

std::size_t GuestStatementWriter::column(const Fields& named) {
  const std::string_view name = text_field(named, "name");
  if (field(named, "indirection") != nullptr) translator_.refuse("a part of a column", &named);
  const auto found = target().column(name);
  if (!found) {
    translator_.fail(
        SqlState::kUndefinedColumn,
        fmt::format("column \"{}\" of relation \"{}\" does not exist", name, target().name),
        &named);
  }
  return found.value_or(0);
}

void GuestStatementWriter::returning(const Fields& statement) {
  const auto& list = list_field(statement, "returningList");
  if (list.empty()) return;
  for (Source& source : level_.sources) source.out_of_reach = &source != &level_.sources.front();
  const InLevel inside(translator_.scope(), level_);
  const std::string text = translator_.returned(list);
  made_.returning = fmt::format("SELECT {} FROM {}", text, guarded("__r_"));
}

// ---- UPDATE and DELETE -------------------------------------------------------------------------

std::string GuestStatementWriter::sources(const Fields& statement, std::string_view clause,
                                          std::string_view prefix) {
  const auto& items = list_field(statement, clause);
  std::string text = guarded(prefix);
  if (!items.empty()) text += ", " + translator_.from(items, level_, true);
  return text;
}

std::string GuestStatementWriter::where(const Fields& statement) {
  const Node* node = field(statement, "whereClause");
  return node == nullptr ? std::string() : " WHERE " + translator_.condition(*node, "WHERE");
}

void GuestStatementWriter::update(const Fields& statement) {
  made_.kind = Kind::kUpdate;
  if (!open(statement)) return;
  const std::string tables = sources(statement, "fromClause", "__u_");
  if (translator_.error()) return;
  {
    const InLevel inside(translator_.scope(), level_);
    Assignments set = assignments(statement);
    if (translator_.error()) return;
    made_.columns = std::move(set.columns);
    made_.default_columns = std::move(set.defaults);
    made_.source = fmt::format("SELECT {}{}{} FROM {}{}", row_id(), set.values.empty() ? "" : ", ",
                               parenthesized(set.values), tables, where(statement));
    if (set.queries) {
      std::string tests;
      for (const std::string& value : set.values) {
        tests += (tests.empty() ? " WHERE (" : " AND (") + value + ") IS NULL";
      }
      made_.probe = fmt::format("SELECT 1 FROM {}{}", tables, tests);
    }
  }
  returning(statement);
  finish(statement);
}

void GuestStatementWriter::remove(const Fields& statement) {
  made_.kind = Kind::kDelete;
  if (!open(statement)) return;
  const std::string tables = sources(statement, "usingClause", "__d_");
  if (translator_.error()) return;
  {
    const InLevel inside(translator_.scope(), level_);
    made_.source = fmt::format("SELECT {} FROM {}{}", row_id(), tables, where(statement));
  }
  returning(statement);
  finish(statement);
}

// ---- SET ---------------------------------------------------------------------------------------

GuestStatementWriter::Assignments GuestStatementWriter::assignments(const Fields& statement) {
  Assignments made;
  for (const Node& each : list_field(statement, "targetList")) {
    const Fields& assignment = fields_of(each);
    const std::size_t to = column(assignment);
    const Node* value = field(assignment, "val");
    if (translator_.error() || value == nullptr) return made;
    assign(to, *value, made);
  }
  if (!translator_.error()) check_assigned_once(made);
  const auto is_generated = [this](std::size_t each) { return target().columns[each].generated; };
  for (const std::size_t each : made.columns) {
    if (!is_generated(each)) continue;
    translator_.fail(
        SqlState::kGeneratedAlways,
        fmt::format("column \"{}\" can only be updated to DEFAULT", target().columns[each].name));
  }
  std::erase_if(made.defaults, is_generated);
  if (made.columns.empty() && made.defaults.empty()) {
    // A row must be written for its triggers and checks: any column as it is.
    const auto first = std::ranges::find(target().columns, false, &Column::generated);
    made.columns.push_back(static_cast<std::size_t>(first - target().columns.begin()));
    made.values.push_back(quote_name(alias_) + "." + quote_name(first->name));
  }
  return made;
}

void GuestStatementWriter::assign(std::size_t column, const Node& value, Assignments& made) {
  const Translator::Clause clause(translator_, "UPDATE");
  made.queries = made.queries || holds_query(value);
  if (is_kind(value, "SetToDefault")) {
    made.defaults.push_back(column);
    return;
  }
  const bool part = is_kind(value, "MultiAssignRef");
  std::string text = part ? part_of(fields_of(value), column, made)
                          : translator_.assigned(value, type_of(target().columns[column]));
  if (text.empty()) return;
  made.columns.push_back(column);
  made.values.push_back(std::move(text));
}

// SET (a, b) = (x, y), SET (a, b) = (SELECT …). Empty when the part is DEFAULT.
std::string GuestStatementWriter::part_of(const Fields& reference, std::size_t column,
                                          Assignments& made) {
  const Node* source = field(reference, "source");
  const auto place = static_cast<std::size_t>(number_field(reference, "colno"));
  const auto count = static_cast<std::size_t>(number_field(reference, "ncolumns"));
  if (source != nullptr && is_kind(*source, "SubLink")) {
    return part_of_query(*source, place, count);
  }
  if (source == nullptr || !is_kind(*source, "RowExpr")) {
    return translator_.refuse("SET (…) = of anything but a query or a row");
  }
  const auto& parts = list_field(fields_of(*source), "args");
  if (parts.size() != count || place < 1 || place > count) {
    return translator_.fail(SqlState::kSyntaxError,
                            "number of columns does not match number of values",
                            &fields_of(*source));
  }
  const Node& value = parts[place - 1];
  if (!is_kind(value, "SetToDefault")) {
    return translator_.assigned(value, type_of(target().columns[column]));
  }
  made.defaults.push_back(column);
  return {};
}

// The query once for each of its columns: each is one value in SQLite.
std::string GuestStatementWriter::part_of_query(const Node& query, std::size_t place,
                                                std::size_t count) {
  const Node* inside = field(fields_of(query), "subselect");
  if (inside == nullptr) return translator_.refuse("this query");
  const std::string text = translator_.column_of(fields_of(*inside), place, count);
  return text;
}

void GuestStatementWriter::check_assigned_once(const Assignments& made) {
  std::vector<bool> seen(target().columns.size());
  for (const auto* list : {&made.columns, &made.defaults}) {
    for (const std::size_t each : *list) {
      if (seen[each]) {
        translator_.fail(
            SqlState::kSyntaxError,
            fmt::format("multiple assignments to same column \"{}\"", target().columns[each].name));
      }
      seen[each] = true;
    }
  }
}

}  // namespace database::sqlite
