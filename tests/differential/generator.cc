#include "differential/generator.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "differential/generated_expression.h"

namespace differential {
namespace {

// `t1.…`
bool is_column(const std::string& text) {
  return text.size() > 1 && text[0] == 't' && text[1] >= '0' && text[1] <= '9';
}

class StatementGenerator {
 public:
  explicit StatementGenerator(Choices& choices) : choices_(choices), expressions_(choices) {}

  Generated make() {
    switch (choices_.below(8)) {
      case 0:
      case 1:
      case 2:
        return {select(), false};
      case 3:
      case 4:
        return insert();
      case 5:
      case 6:
        return update();
      default:
        return remove();
    }
  }

 private:
  std::string select();
  std::string with();
  std::string query(std::size_t columns);
  std::string from(Scope& scope);
  std::string join(const Scope& scope, const Visible& added);
  std::string grouped(const Scope& scope, const std::string& rest, std::size_t columns);
  std::string windowed(const Scope& scope, const std::string& rest);
  std::string order(std::size_t columns);

  Generated insert();
  std::vector<const GeneratedColumn*> insert_columns(const GeneratedTable& table, bool with_id);
  std::string values(const std::vector<const GeneratedColumn*>& columns);
  std::string selected_rows(const std::vector<const GeneratedColumn*>& columns);
  std::string value(const GeneratedColumn& column);
  std::string conflict(const GeneratedTable& table);
  std::string assignments(const GeneratedTable& table, const Scope& scope);
  Generated update();
  Generated remove();
  std::string returning(const Scope& scope);

  Choices& choices_;
  ExpressionGenerator expressions_;
  std::vector<Type> types_;              // of the columns of the query that is being made
  std::optional<GeneratedTable> named_;  // by its WITH
  bool moves_keys_ = false;              // its SET
};

// ---- SELECT ------------------------------------------------------------------------------------

std::string StatementGenerator::select() {
  const std::string prefix = choices_.chance(10) ? with() : "";
  const std::size_t columns = 1 + choices_.below(3);
  types_.clear();
  for (std::size_t i = 0; i < columns; ++i) types_.push_back(expressions_.type());
  std::string sql = prefix + query(columns);
  if (choices_.chance(12)) {
    sql += fmt::format(" {} {}", choices_.of({"UNION", "UNION ALL", "INTERSECT", "EXCEPT"}),
                       query(columns));
    return choices_.chance(50) ? sql + order(columns) : sql;
  }
  return choices_.chance(30) ? sql + order(columns) : sql;
}

// Always named by the query: what is not named, PostgreSQL does not even check for a grant.
std::string StatementGenerator::with() {
  const GeneratedTable& table = expressions_.table();
  named_ = table;
  // Half of them hide a table.
  named_->name = choices_.chance(50) ? expressions_.table().name : "w";
  if (named_->name == table.name) named_->name = "w";
  return fmt::format("WITH {} AS (SELECT * FROM {} WHERE {}) ", named_->name, table.name,
                     expressions_.condition({{"", &table}}));
}

std::string StatementGenerator::query(std::size_t columns) {
  Scope scope;
  const std::string tables = from(scope);
  std::string rest = " FROM " + tables;
  if (choices_.chance(75)) rest += " WHERE " + expressions_.condition(scope);
  if (choices_.chance(20)) return grouped(scope, rest, columns);
  if (types_.size() == 1 && types_[0] == Type::kInt && choices_.chance(30)) {
    return windowed(scope, rest);
  }
  std::string list;
  for (std::size_t i = 0; i < columns; ++i) {
    const bool plain = choices_.chance(50);
    list += fmt::format(
        "{}{} AS c{}", i > 0 ? ", " : "",
        plain ? expressions_.column(types_[i], scope) : expressions_.make(types_[i], scope, 2), i);
  }
  return fmt::format("SELECT {}{}{}", choices_.chance(15) ? "DISTINCT " : "", list, rest);
}

std::string StatementGenerator::from(Scope& scope) {
  const GeneratedTable& first = named_ ? *named_ : expressions_.table();
  const std::string name = expressions_.alias();
  std::string text = fmt::format("{} AS {}", first.name, name);
  scope.push_back({name, &first});
  if (!choices_.chance(35)) return text;
  const Visible added{expressions_.alias(), &expressions_.table()};
  text += join(scope, added);
  scope.push_back(added);
  return text;
}

std::string StatementGenerator::join(const Scope& scope, const Visible& added) {
  const std::string_view kind =
      choices_.of({"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"});
  if (kind == "CROSS JOIN")
    return fmt::format(" CROSS JOIN {} AS {}", added.table->name, added.name);
  const Type type = expressions_.type();
  const std::string a = expressions_.column(type, scope);
  const std::string b = expressions_.column(type, {added});
  // PostgreSQL has FULL JOIN for what it can merge or hash only.
  const bool merges = is_column(a) && is_column(b);
  const std::string_view shown = kind == "FULL JOIN" && !merges ? "LEFT JOIN" : kind;
  std::string text =
      fmt::format(" {} {} AS {} ON {} = {}", shown, added.table->name, added.name, a, b);
  if (shown != "FULL JOIN" && choices_.chance(25)) {
    Scope both = scope;
    both.push_back(added);
    text += " AND " + expressions_.condition(both);
  }
  return text;
}

std::string StatementGenerator::grouped(const Scope& scope, const std::string& rest,
                                        std::size_t columns) {
  std::string list;
  std::string keys;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string column = expressions_.column(types_[i], scope);
    std::string shown = column;
    if (i > 0 && types_[i] == Type::kInt) {
      shown = fmt::format("{}({})", choices_.of({"count", "max", "min"}), column);
    } else if (i > 0 && (types_[i] == Type::kText || types_[i] == Type::kReal)) {
      shown = fmt::format("{}({})", choices_.of({"max", "min"}), column);
    } else {
      keys += fmt::format("{}{}", keys.empty() ? "" : ", ", i + 1);
    }
    list += fmt::format("{}{} AS c{}", i > 0 ? ", " : "", shown, i);
  }
  std::string sql = fmt::format("SELECT {}{} GROUP BY {}", list, rest, keys);
  if (choices_.chance(25))
    sql += fmt::format(" HAVING count(*) > {}", choices_.of({"0", "1", "2"}));
  return sql;
}

std::string StatementGenerator::windowed(const Scope& scope, const std::string& rest) {
  const std::string a = expressions_.column(Type::kInt, scope);
  const std::string b = expressions_.column(expressions_.type(), scope);
  return fmt::format("SELECT {} OVER (PARTITION BY {} ORDER BY {} {}) AS c0{}",
                     choices_.of({"count(*)", "rank()", "dense_rank()", "max(" + a + ")"}), b, a,
                     choices_.of({"ASC", "DESC", "NULLS FIRST", "DESC NULLS LAST"}), rest);
}

// By all columns: what is then still equal is the same row.
std::string StatementGenerator::order(std::size_t columns) {
  std::string text = " ORDER BY ";
  for (std::size_t i = 0; i < columns; ++i) {
    text += fmt::format("{}{}{}", i > 0 ? ", " : "", i + 1,
                        choices_.of({"", " DESC", " NULLS FIRST", " DESC NULLS LAST"}));
  }
  if (choices_.chance(40)) text += fmt::format(" LIMIT {}", choices_.of({"3", "1", "0"}));
  if (choices_.chance(15)) text += fmt::format(" OFFSET {}", choices_.of({"1", "2"}));
  return text;
}

// ---- INSERT ------------------------------------------------------------------------------------

std::vector<const GeneratedColumn*> StatementGenerator::insert_columns(const GeneratedTable& table,
                                                                       bool with_id) {
  std::vector<const GeneratedColumn*> columns;
  for (const GeneratedColumn& each : table.columns) {
    const bool id = table.has_id && &each == &table.columns.front();
    if (id ? with_id || each.required : each.written && (each.required || choices_.chance(45))) {
      columns.push_back(&each);
    }
  }
  if (columns.empty()) columns.push_back(&table.columns[1]);
  return columns;
}

std::string StatementGenerator::value(const GeneratedColumn& column) {
  if (!column.written) return std::string(choices_.of({"200", "1", "2", "4", "6", "300"}));
  if (!column.required && choices_.chance(10)) return "DEFAULT";
  if (column.name == "rank")
    return std::string(choices_.of({"'guest'", "'member'", "'owner'", "'x'"}));
  return choices_.chance(20) ? expressions_.make(column.type, {}, 1)
                             : expressions_.literal(column.type);
}

std::string StatementGenerator::values(const std::vector<const GeneratedColumn*>& columns) {
  std::string text;
  for (const GeneratedColumn* column : columns) {
    text += (text.empty() ? "(" : ", ") + value(*column);
  }
  return text + ")";
}

std::string StatementGenerator::selected_rows(const std::vector<const GeneratedColumn*>& columns) {
  Scope scope;
  const std::string tables = from(scope);
  std::string list;
  for (const GeneratedColumn* column : columns) {
    list += list.empty() ? "" : ", ";
    list += column->written
                ? expressions_.make(column->type, scope, 1)
                : fmt::format("coalesce({}, 0) + 300", expressions_.column(Type::kInt, scope));
  }
  // Which of the rows that conflict comes first is determined.
  std::string order;
  for (std::size_t i = 1; i <= columns.size(); ++i) {
    order += fmt::format("{}{}", order.empty() ? "" : ", ", i);
  }
  return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {}", list, tables,
                     expressions_.condition(scope), order);
}

std::string StatementGenerator::assignments(const GeneratedTable& table, const Scope& scope) {
  std::vector<const GeneratedColumn*> written;
  for (const GeneratedColumn& each : table.columns) {
    if (each.written) written.push_back(&each);
  }
  std::string text;
  const std::size_t count = 1 + choices_.below(2);
  for (std::size_t i = 0; i < count && !written.empty(); ++i) {
    const auto at = written.begin() + static_cast<std::ptrdiff_t>(choices_.below(written.size()));
    const GeneratedColumn& column = **at;
    written.erase(at);
    moves_keys_ = moves_keys_ || std::ranges::any_of(table.keys, [&](std::string_view key) {
                    return key.find(column.name) != std::string_view::npos;
                  });
    std::string value = choices_.chance(40) ? expressions_.make(column.type, scope, 2)
                                            : expressions_.literal(column.type);
    if (choices_.chance(5)) value = "DEFAULT";
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", column.name, value);
  }
  return text;
}

std::string StatementGenerator::conflict(const GeneratedTable& table) {
  if (choices_.chance(25)) return " ON CONFLICT DO NOTHING";
  const std::string_view target = table.keys[choices_.below(table.keys.size())];
  if (choices_.chance(40)) return fmt::format(" ON CONFLICT ({}) DO NOTHING", target);
  expressions_.sub_queries = false;
  const Scope scope{{std::string(table.name), &table}, {"excluded", &table}};
  std::string text =
      fmt::format(" ON CONFLICT ({}) DO UPDATE SET {}", target, assignments(table, scope));
  expressions_.sub_queries = true;
  return text;
}

Generated StatementGenerator::insert() {
  const GeneratedTable& table = expressions_.table();
  const bool conflicts = choices_.chance(45);
  const bool selects = choices_.chance(25);
  const auto columns = insert_columns(table, conflicts || selects || choices_.chance(20));
  std::string names;
  for (const GeneratedColumn* column : columns) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", column->name);
  }
  std::string sql = fmt::format("INSERT INTO {} ({}) ", table.name, names);
  std::size_t rows = 1;
  if (selects) {
    sql += selected_rows(columns);
  } else {
    rows += choices_.chance(30) ? 1 + choices_.below(2) : 0;
    for (std::size_t i = 0; i < rows; ++i) sql += (i == 0 ? "VALUES " : ", ") + values(columns);
  }
  if (conflicts) sql += conflict(table);
  const bool returns = choices_.chance(35);
  if (returns) sql += returning({{"", &table}});
  // A policy that reads the id has to wait for it, where the database makes it.
  const bool waits = returns && columns.front() != &table.columns.front();
  return {sql, selects || rows > 1 || waits};
}

// ---- UPDATE and DELETE -------------------------------------------------------------------------

std::string StatementGenerator::returning(const Scope& scope) {
  if (choices_.chance(30)) return " RETURNING *";
  expressions_.sub_queries = false;
  std::string text =
      fmt::format(" RETURNING {} AS r0", expressions_.make(expressions_.type(), scope, 1));
  if (choices_.chance(40))
    text += fmt::format(", {} AS r1", expressions_.column(Type::kInt, scope));
  expressions_.sub_queries = true;
  return text;
}

Generated StatementGenerator::update() {
  const GeneratedTable& table = expressions_.table();
  const std::string name = expressions_.alias();
  const Scope named{{name, &table}};
  moves_keys_ = false;
  std::string sql =
      fmt::format("UPDATE {} AS {} SET {}", table.name, name, assignments(table, named));
  if (choices_.chance(80)) sql += " WHERE " + expressions_.condition(named);
  if (choices_.chance(35)) sql += returning(named);
  return {sql, true, moves_keys_};
}

Generated StatementGenerator::remove() {
  const GeneratedTable& table = expressions_.table();
  const std::string name = expressions_.alias();
  const Scope named{{name, &table}};
  std::string sql = fmt::format("DELETE FROM {} AS {}", table.name, name);
  if (choices_.chance(85)) sql += " WHERE " + expressions_.condition(named);
  if (choices_.chance(35)) sql += returning(named);
  return {sql, true};
}

}  // namespace

Generated generate_statement(Choices& choices) { return StatementGenerator(choices).make(); }

}  // namespace differential
