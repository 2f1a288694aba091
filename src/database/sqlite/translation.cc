// One statement of a guest, cut into pieces (translation.h).
#include "database/sqlite/translation.h"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "database/sql/syntax_tree.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

class Cutter {
 public:
  Cutter(std::string_view sql, const Schema& schema)
      : schema_(schema), translator_(schema, sql, 0, false) {}

  SqlResult<GuestStatement> cut(const Node& statement) {
    const std::string_view kind = kind_of(statement);
    const Fields& fields = fields_of(statement);
    if (kind == "SelectStmt") {
      made_.source = translator_.query(fields);
    } else if (kind == "InsertStmt") {
      insert(fields);
    } else if (kind == "UpdateStmt") {
      update(fields);
    } else if (kind == "DeleteStmt") {
      remove(fields);
    } else {
      translator_.fail(SqlState::kInsufficientPrivilege,
                       "functions run SELECT, INSERT, UPDATE and DELETE only");
    }
    if (translator_.error) return sql_fail(std::move(*translator_.error));
    made_.reads = std::move(translator_.reads);
    made_.parameters = translator_.parameters;
    return std::move(made_);
  }

 private:
  [[nodiscard]] const Table& target() const { return schema_.tables[made_.target]; }
  [[nodiscard]] std::string guarded(std::string_view prefix) const {
    return quote_name(std::string(prefix) + target().name);
  }

  bool open(const Fields& statement) {
    const Node* relation = field(statement, "relation");
    if (relation == nullptr || !relation->is_object()) return false;
    made_.target = translator_.target(relation->get_object());
    if (translator_.error) return false;
    alias_ = Translator::alias_of(relation->get_object());
    with_ = translator_.open_with(statement);
    return !translator_.error;
  }

  void returning(const Fields& statement) {
    const auto list = list_field(statement, "returningList");
    if (list.empty()) return;
    made_.returning = fmt::format("{}SELECT {} FROM {} AS {}", with_, translator_.targets(list),
                                  guarded("__r_"), alias_);
  }

  std::size_t column(const Fields& named) {
    const std::string_view name = text_field(named, "name");
    if (!list_field(named, "indirection").empty()) translator_.refuse("a part of a column", &named);
    const auto found = target().column(name);
    if (!found) {
      translator_.fail(
          SqlState::kUndefinedColumn,
          fmt::format("column \"{}\" of relation \"{}\" does not exist", name, target().name),
          &named);
    }
    return found.value_or(0);
  }

  void refuse_twice(const std::vector<std::size_t>& columns,
                    const std::vector<std::size_t>& defaults, SqlState state,
                    std::string_view message) {
    std::vector<bool> seen(target().columns.size());
    for (const auto* list : {&columns, &defaults}) {
      for (const std::size_t each : *list) {
        if (seen[each]) {
          translator_.fail(state, fmt::format(fmt::runtime(message), target().columns[each].name));
        }
        seen[each] = true;
      }
    }
  }

  // SET's list: the values, without those that are DEFAULT.
  std::vector<std::string> assignments(const Fields& statement, std::vector<std::size_t>& columns,
                                       std::vector<std::size_t>& defaults) {
    std::vector<std::string> values;
    for (const Node* each : list_field(statement, "targetList")) {
      const Fields& assignment = fields_of(*each);
      const std::size_t to = column(assignment);
      const Node* value = field(assignment, "val");
      if (value != nullptr && kind_of(*value) == "MultiAssignRef") value = part_of(*value);
      if (value == nullptr) break;
      if (kind_of(*value) == "SetToDefault") {
        defaults.push_back(to);
      } else {
        columns.push_back(to);
        values.push_back(translator_.expression(*value));
        calls_ = calls_ || boost::json::serialize(*value).find("FuncCall") != std::string::npos;
      }
      if (translator_.error) break;
    }
    if (!translator_.error) {
      refuse_twice(columns, defaults, SqlState::kSyntaxError,
                   "multiple assignments to same column \"{}\"");
    }
    return values;
  }

  // SET (a, b) = (x, y)
  const Node* part_of(const Node& reference) {
    const Fields& fields = fields_of(reference);
    const Node* source = field(fields, "source");
    const auto place = static_cast<std::size_t>(number_field(fields, "colno"));
    const auto parts = source != nullptr && kind_of(*source) == "RowExpr"
                           ? list_field(fields_of(*source), "args")
                           : std::vector<const Node*>();
    if (place < 1 || place > parts.size() ||
        parts.size() != static_cast<std::size_t>(number_field(fields, "ncolumns"))) {
      translator_.refuse("SET (…) = of anything but a row of as many values");
      return nullptr;
    }
    return parts[place - 1];
  }

  static std::string parenthesized(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "(" : ", (") + value + ")";
    return text;
  }

  // ---- INSERT

  void insert(const Fields& statement) {
    made_.kind = Kind::kInsert;
    if (!open(statement)) return;
    const std::string_view override = text_field(statement, "override");
    if (!override.empty() && override != "OVERRIDING_NOT_SET") {
      translator_.refuse("OVERRIDING");
    }
    const auto named = list_field(statement, "cols");
    made_.columns_listed = !named.empty();
    for (const Node* each : named) made_.columns.push_back(column(fields_of(*each)));
    if (translator_.error) return;
    refuse_twice(made_.columns, {}, SqlState::kDuplicateColumn,
                 "column \"{}\" specified more than once");
    if (!made_.columns_listed) {
      for (std::size_t i = 0; i < target().columns.size(); ++i) {
        if (!target().columns[i].generated) made_.columns.push_back(i);
      }
    }
    if (const Node* source = field(statement, "selectStmt"); source != nullptr) {
      const Fields& rows = fields_of(*source);
      const bool again = !with_.empty() && field(rows, "withClause") != nullptr;
      const std::string text = translator_.insert_values(rows);
      made_.source = with_ + (again ? "SELECT * FROM (" + text + ")" : text);
    } else {
      made_.columns.clear();
    }
    if (const Node* clause = field(statement, "onConflictClause"); clause != nullptr) {
      conflict(clause->get_object());
    }
    returning(statement);
  }

  void conflict(const Fields& clause) {
    Conflict made;
    if (const Node* infer = field(clause, "infer"); infer != nullptr) {
      const Fields& arbiter = infer->get_object();
      if (!text_field(arbiter, "conname").empty()) translator_.refuse("ON CONSTRAINT", &arbiter);
      if (field(arbiter, "whereClause") != nullptr) {
        translator_.refuse("ON CONFLICT on a partial index", &arbiter);
      }
      for (const Node* each : list_field(arbiter, "indexElems")) {
        const Fields& element = fields_of(*each);
        if (field(element, "expr") != nullptr || field(element, "collation") != nullptr) {
          translator_.refuse("ON CONFLICT on an expression", &arbiter);
          return;
        }
        made.target.push_back(column(element));
      }
    }
    if (text_field(clause, "action") == "ONCONFLICT_UPDATE") {
      const auto values = assignments(clause, made.columns, made.default_columns);
      made.update = fmt::format("{}SELECT {} FROM {} AS {}, {} AS excluded", with_,
                                values.empty() ? "1" : parenthesized(values), guarded("__o_"),
                                alias_, guarded("__x_"));
      if (const Node* where = field(clause, "whereClause"); where != nullptr) {
        made.update += " WHERE (" + translator_.expression(*where) + ")";
      }
    }
    std::ranges::sort(made.target);
    made.target.erase(std::ranges::unique(made.target).begin(), made.target.end());
    made_.conflict = std::move(made);
  }

  // ---- UPDATE and DELETE

  std::string sources(const Fields& statement, std::string_view clause, std::string_view prefix) {
    std::string text = guarded(prefix) + " AS " + alias_;
    if (const auto items = list_field(statement, clause); !items.empty()) {
      text += ", " + translator_.from(items);
    }
    return text;
  }

  std::string condition(const Fields& statement) {
    const Node* where = field(statement, "whereClause");
    return where == nullptr ? "1" : "(" + translator_.expression(*where) + ")";
  }

  [[nodiscard]] std::string row_id() const {
    return fmt::format("{}.{}", alias_, target().rowid_name());
  }

  void update(const Fields& statement) {
    made_.kind = Kind::kUpdate;
    if (!open(statement)) return;
    const std::string tables = sources(statement, "fromClause", "__u_");
    const auto values = assignments(statement, made_.columns, made_.default_columns);
    const std::string where = condition(statement);
    made_.source = fmt::format("{}SELECT {}{}{} FROM {} WHERE {}", with_, row_id(),
                               values.empty() ? "" : ", ", parenthesized(values), tables, where);
    if (calls_) {
      std::string tests;
      for (const std::string& value : values) tests += " AND (" + value + ") IS NULL";
      made_.probe = fmt::format("{}SELECT 1 FROM {} WHERE 1{}", with_, tables, tests);
    }
    returning(statement);
  }

  void remove(const Fields& statement) {
    made_.kind = Kind::kDelete;
    if (!open(statement)) return;
    const std::string tables = sources(statement, "usingClause", "__d_");
    made_.source =
        fmt::format("{}SELECT {} FROM {} WHERE {}", with_, row_id(), tables, condition(statement));
    returning(statement);
  }

  const Schema& schema_;
  Translator translator_;
  GuestStatement made_;
  std::string alias_;  // quoted
  std::string with_;
  bool calls_ = false;  // a value of SET calls a function, perhaps an aggregate
};

}  // namespace

SqlResult<GuestStatement> translate_statement(std::string_view sql, const Schema& schema) {
  const auto tree = sql::parse_statement(sql);
  if (!tree) return sql_fail(tree.error());
  return Cutter(sql, schema).cut(*tree);
}

SqlResult<Condition> translate_policy(std::string_view expression, const Schema& schema,
                                      std::size_t table) {
  constexpr std::size_t kPrefix = 8;  // what parse_expression puts before it
  const auto tree = sql::parse_expression(expression);
  if (!tree) return sql_fail(tree.error());
  static_cast<void>(table);  // its columns stand in the scope that the condition is put into
  Translator translator(schema, expression, kPrefix, true);
  Condition condition;
  condition.text = translator.expression(*tree);
  if (translator.error) return sql_fail(std::move(*translator.error));
  condition.tables = std::move(translator.reads);
  return condition;
}

}  // namespace database::sqlite
