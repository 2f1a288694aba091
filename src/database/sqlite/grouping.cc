#include "database/sqlite/grouping.h"

#include <algorithm>
#include <set>
#include <vector>

#include "database/sqlite/function_list.h"
#include "database/sqlite/single_row.h"

namespace database::sqlite {
namespace {

class Grouping {
 public:
  Grouping(const Fields& select, const Scope& scope, const Schema& schema)
      : select_(select), scope_(scope), schema_(schema) {
    for (const Node& each : list_field(select, "groupClause")) add(each);
  }

  [[nodiscard]] std::optional<Ungrouped> find() const {
    for (const std::string_view clause : {"targetList", "havingClause"}) {
      const Node* found = field(select_, clause);
      if (found == nullptr) continue;
      if (auto ungrouped = look(*found)) return ungrouped;
    }
    for (const Node& each : list_field(select_, "sortClause")) {
      const Node* term = field(fields_of(each), "node");
      if (term == nullptr || names_result(*term)) continue;
      if (auto ungrouped = look(*term)) return ungrouped;
    }
    return std::nullopt;
  }

 private:
  // A name may be a result column's; a number is its place.
  void add(const Node& term) {
    const Node* what = &term;
    const auto& targets = list_field(select_, "targetList");
    const auto names = names_of(fields_of(term), "fields");
    if (const auto place = integer_constant(term)) {
      const auto index = static_cast<std::size_t>(*place - 1);
      if (index < targets.size()) what = field(fields_of(targets[index]), "val");
    } else if (names.size() == 1 &&
               scope_.find_here(names[0]).outcome == Scope::Found::Outcome::kNoColumn) {
      const auto found = std::ranges::find_if(targets, [&](const Node& target) {
        return same_name(text_field(fields_of(target), "name"), names[0]);
      });
      if (found != targets.end()) what = field(fields_of(*found), "val");
    }
    if (what == nullptr) return;
    groups_.push_back(what);
    if (const auto column = column_of(*what)) columns_.insert(column->column.text);
  }

  [[nodiscard]] std::optional<Scope::Found> column_of(const Node& node) const {
    if (!is_kind(node, "ColumnRef")) return std::nullopt;
    const auto names = names_of(fields_of(node), "fields");
    if (names.empty() || names.back() == "*") return std::nullopt;
    auto found =
        scope_.find(names.size() > 1 ? names[names.size() - 2] : std::string_view(), names.back());
    if (found.outcome != Scope::Found::Outcome::kColumn) return std::nullopt;
    return found;
  }

  [[nodiscard]] bool names_result(const Node& term) const {
    const auto names = names_of(fields_of(term), "fields");
    if (names.size() != 1) return false;
    return std::ranges::any_of(list_field(select_, "targetList"), [&](const Node& target) {
      return same_name(text_field(fields_of(target), "name"), names[0]);
    });
  }

  // The same expression, wherever it stands.
  [[nodiscard]] bool same(const Node& a, const Node& b) const {
    const auto first = column_of(a), second = column_of(b);
    if (first && second) {
      return first->depth == second->depth && first->column.text == second->column.text;
    }
    if (a.kind() != b.kind()) return false;
    if (a.is_array()) {
      return std::ranges::equal(a.get_array(), b.get_array(),
                                [this](const Node& x, const Node& y) { return same(x, y); });
    }
    if (!a.is_object()) return a == b;
    const auto fields = [](const Fields& node) {
      std::vector<const Fields::value_type*> list;
      for (const auto& each : node) {
        if (each.key() != "location") list.push_back(&each);
      }
      return list;
    };
    return std::ranges::equal(fields(a.get_object()), fields(b.get_object()),
                              [this](const auto* p, const auto* q) {
                                return p->key() == q->key() && same(p->value(), q->value());
                              });
  }
  [[nodiscard]] std::optional<Ungrouped> look(const Node& node) const {
    if (node.is_array()) {
      for (const Node& each : node.get_array()) {
        if (auto found = look(each)) return found;
      }
      return std::nullopt;
    }
    if (!node.is_object() || is_grouped(node)) return std::nullopt;
    if (is_kind(node, "ColumnRef")) return look_at_column(node);
    if (is_kind(node, "SubLink")) {
      const Node* test = field(fields_of(node), "testexpr");
      return test == nullptr ? std::nullopt : look(*test);
    }
    for (const auto& each : node.get_object()) {
      if (auto found = look(each.value())) return found;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_grouped(const Node& node) const {
    if (is_kind(node, "FuncCall") && field(fields_of(node), "over") == nullptr) {
      const auto names = names_of(fields_of(node), "funcname");
      const ListedFunction* function = names.empty() ? nullptr : find_function(names.back());
      if (function != nullptr && function->sort == ListedFunction::Sort::kAggregate) return true;
    }
    return std::ranges::any_of(groups_, [&](const Node* group) { return same(*group, node); });
  }

  [[nodiscard]] std::optional<Ungrouped> look_at_column(const Node& node) const {
    const Fields& fields = fields_of(node);
    const auto names = names_of(fields, "fields");
    if (!names.empty() && names.back() == "*") return look_at_star(fields, names);
    const auto found = column_of(node);
    if (!found || found->depth > 0 || covers(found->column.text)) return std::nullopt;
    return Ungrouped{bare(found->column.text), &fields};
  }

  [[nodiscard]] std::optional<Ungrouped> look_at_star(
      const Fields& fields, const std::vector<std::string_view>& names) const {
    const Source* only = names.size() > 1 ? scope_.find_source(names[names.size() - 2]) : nullptr;
    for (const VisibleColumn& each : scope_.levels.back()->visible) {
      if (only != nullptr && !each.text.starts_with(quote_name(only->alias) + ".")) continue;
      if (!covers(each.text)) return Ungrouped{bare(each.text), &fields};
    }
    return std::nullopt;
  }

  // By itself, or by the key of its table.
  [[nodiscard]] bool covers(const std::string& text) const {
    if (columns_.contains(text)) return true;
    return std::ranges::any_of(scope_.levels.back()->sources, [&](const Source& source) {
      return source.table && text.starts_with(quote_name(source.alias) + ".") &&
             has_key(source, schema_.tables[*source.table]);
    });
  }

  [[nodiscard]] bool has_key(const Source& source, const Table& table) const {
    const auto all = [&](const std::vector<std::size_t>& key) {
      return std::ranges::all_of(key, [&](std::size_t column) {
        return columns_.contains(quote_name(source.alias) + "." +
                                 quote_name(table.columns[column].name));
      });
    };
    if (table.integer_key && all({*table.integer_key})) return true;
    if (!table.key.empty() && all(table.key)) return true;
    // Of a primary key that is not the rowid the schema knows no more than that.
    return std::ranges::any_of(table.indexes, [&](const Index& index) {
      return index.unique && all(index.columns) &&
             std::ranges::all_of(index.columns,
                                 [&](std::size_t i) { return table.columns[i].not_null; });
    });
  }

  // "a"."b" → a.b
  static std::string bare(const std::string& text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"' && text.substr(i, 2) != "\"\"") continue;
      if (text[i] == '"') ++i;
      name += text[i];
    }
    return name;
  }

  const Fields& select_;
  const Scope& scope_;
  const Schema& schema_;
  std::vector<const Node*> groups_;
  std::set<std::string> columns_;
};

}  // namespace

std::optional<Ungrouped> find_ungrouped(const Fields& select, const Scope& scope,
                                        const Schema& schema) {
  const auto aggregates = [&select](std::string_view clause) {
    const Node* found = field(select, clause);
    return found != nullptr && has_aggregate(*found);
  };
  const bool grouped = field(select, "groupClause") != nullptr ||
                       field(select, "havingClause") != nullptr || aggregates("targetList") ||
                       aggregates("sortClause");
  return grouped ? Grouping(select, scope, schema).find() : std::nullopt;
}

}  // namespace database::sqlite
