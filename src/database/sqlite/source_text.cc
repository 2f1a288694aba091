// FROM: tables, joins, queries and functions (translator.h).
#include <algorithm>

#include <fmt/format.h>

#include "database/sqlite/translator_guard.h"

namespace database::sqlite {
namespace {

bool is_outer(std::string_view type) { return type == "JOIN_RIGHT" || type == "JOIN_FULL"; }

bool has_right_join(const Node& item) {
  if (!is_kind(item, "JoinExpr")) return false;
  const Fields& node = fields_of(item);
  const Node* left = field(node, "larg");
  return is_outer(text_field(node, "jointype")) || (left != nullptr && has_right_join(*left));
}

std::string_view word_of(std::string_view type) {
  if (type == "JOIN_LEFT") return " LEFT JOIN ";
  if (type == "JOIN_RIGHT") return " RIGHT JOIN ";
  return type == "JOIN_FULL" ? " FULL JOIN " : " JOIN ";
}

std::vector<std::string> titles_of(const Fields* alias) {
  std::vector<std::string> titles;
  if (alias == nullptr) return titles;
  for (const std::string_view name : names_of(*alias, "colnames")) titles.emplace_back(name);
  return titles;
}

std::string_view alias_of(const Fields* alias, std::string_view otherwise) {
  return alias == nullptr ? otherwise : text_field(*alias, "aliasname");
}

}  // namespace

// PostgreSQL joins each item by itself, SQLite all from the left: that differs where the rows of
// the right side stay.
std::string Translator::from(const boost::json::array& items, Level& level, bool follows) {
  std::string text;
  for (const Node& item : items) {
    if (!text.empty()) text += ", ";
    const std::string one = source(item, level);
    text += follows && has_right_join(item) ? "(" + one + ")" : one;
    follows = true;
  }
  return text;
}

std::string Translator::source(const Node& item, Level& level) {
  const Deeper deeper(*this);
  if (deeper.too_deep()) {
    return fail(SqlState::kStatementTooComplex, "the statement is nested too deeply");
  }
  const std::string_view kind = kind_of(item);
  const Fields& node = fields_of(item);
  if (kind == "RangeVar") return table(node, level);
  if (kind == "JoinExpr") return join(node, level);
  if (kind == "RangeSubselect") return derived(node, level);
  if (kind == "RangeFunction") return table_function(node, level);
  return refuse(kind == "RangeTableSample" ? "TABLESAMPLE" : kind, &node);
}

void Translator::add_source(Source source, const Fields& at, Level& level) {
  for (const Source& each : level.sources) {
    if (!same_name(each.alias, source.alias)) continue;
    fail(SqlState::kDuplicateAlias,
         fmt::format("table name \"{}\" specified more than once", source.alias), &at);
  }
  level.add(std::move(source));
}

// ---- Tables ------------------------------------------------------------------------------------

std::string Translator::table(const Fields& node, Level& level) {
  const std::string_view name = text_field(node, "relname");
  const bool bare = field(node, "schemaname") == nullptr;
  if (Cte* cte = bare ? scope_.find_cte(name) : nullptr; cte != nullptr) {
    return cte_source(*cte, node, level);
  }
  const auto index = target(node);
  if (!index) return {};
  note_read(*index);
  const Table& table = schema_.tables[*index];
  const Fields* alias = object_field(node, "alias");
  Source source = source_of(table, *index, std::string(alias_of(alias, name)));
  return named(quote_name(table.name), std::move(source), titles_of(alias), node, level);
}

std::string Translator::cte_source(Cte& cte, const Fields& node, Level& level) {
  if (cte.state == Cte::State::kPending) {
    return refuse("a WITH query that is named before it stands", &node);
  }
  if (cte.state == Cte::State::kForbidden) {
    const bool compound = text_field(*cte.body, "op") == "SETOP_UNION";
    return fail(
        SqlState::kInvalidRecursion,
        compound ? fmt::format("recursive reference to query \"{}\" must not appear within its "
                               "non-recursive term",
                               cte.name)
                 : fmt::format("recursive query \"{}\" does not have the form non-recursive-term "
                               "UNION [ALL] recursive-term",
                               cte.name),
        &node);
  }
  cte.used = true;
  for (const std::size_t each : cte.reads) note_read(each);
  const Fields* alias = object_field(node, "alias");
  return named(cte.written, {std::string(alias_of(alias, cte.name)), cte.columns}, titles_of(alias),
               node, level);
}

// "t" AS "a"; with names for the columns, a query that gives them.
std::string Translator::named(const std::string& written, Source source,
                              const std::vector<std::string>& titles, const Fields& at,
                              Level& level) {
  std::string text = written;
  if (!titles.empty()) {
    const std::vector<OutputColumn> before = source.columns;
    source.columns = titled(before, titles, "table", source.alias);
    source.table.reset();
    text = "(SELECT ";
    for (std::size_t i = 0; i < before.size(); ++i) {
      text += fmt::format("{}{} AS {}", i > 0 ? ", " : "", quote_name(before[i].name),
                          quote_name(source.columns[i].name));
    }
    text += " FROM " + written + ")";
  }
  text += " AS " + quote_name(source.alias);
  add_source(std::move(source), at, level);
  return text;
}

// ---- Joins -------------------------------------------------------------------------------------

std::string Translator::join(const Fields& node, Level& level) {
  const Node* left = field(node, "larg");
  const Node* right = field(node, "rarg");
  if (left == nullptr || right == nullptr) return refuse("this join", &node);
  if (field(node, "alias") != nullptr || field(node, "join_using_alias") != nullptr) {
    return refuse("a name for a join", &node);
  }
  const std::string_view type = text_field(node, "jointype");
  Sides sides{type, {level.sources.size(), level.visible.size()}, {}};
  std::string text = source(*left, level);
  sides.right = {level.sources.size(), level.visible.size()};
  text += word_of(type);
  const std::string other = source(*right, level);
  if (error_) return {};
  text += is_kind(*right, "JoinExpr") ? "(" + other + ")" : other;
  const std::string condition = joined_on(node, level, sides);
  return condition.empty() ? text : text + " ON " + condition;
}

std::string Translator::joined_on(const Fields& node, Level& level, const Sides& sides) {
  std::string text;
  if (flag_field(node, "isNatural") || field(node, "usingClause") != nullptr) {
    text = merge(node, level, sides);
  } else if (const Node* condition_node = field(node, "quals"); condition_node != nullptr) {
    const InLevel inside(scope_, level);
    text = condition(*condition_node, "JOIN conditions");
  }
  if (sides.type == "JOIN_LEFT" || sides.type == "JOIN_FULL") {
    level.make_nullable(sides.right.source, level.sources.size());
  }
  if (is_outer(sides.type)) level.make_nullable(sides.left.source, sides.right.source);
  return text;
}

// USING and NATURAL: what has the same name on both sides is one column, and comes first.
std::string Translator::merge(const Fields& node, Level& level, const Sides& sides) {
  const auto begin = level.visible.begin();
  const std::vector<VisibleColumn> left(begin + static_cast<std::ptrdiff_t>(sides.left.visible),
                                        begin + static_cast<std::ptrdiff_t>(sides.right.visible));
  const std::vector<VisibleColumn> right(begin + static_cast<std::ptrdiff_t>(sides.right.visible),
                                         level.visible.end());
  std::vector<std::string_view> names = names_of(node, "usingClause");
  if (flag_field(node, "isNatural")) names = common_names(left, right);
  std::string text;
  level.visible.resize(sides.left.visible);
  for (const std::string_view name : names) {
    const auto a = one_named(name, left, "left", node), b = one_named(name, right, "right", node);
    if (!a || !b) return {};
    text += fmt::format("{}{} = {}", text.empty() ? "" : " AND ", a->text, b->text);
    VisibleColumn both = sides.type == "JOIN_RIGHT" ? *b : *a;
    if (sides.type == "JOIN_FULL") both.text = fmt::format("coalesce({}, {})", a->text, b->text);
    both.column.not_null = both.column.not_null && sides.type != "JOIN_FULL";
    level.visible.push_back(std::move(both));
  }
  for (const auto* side : {&left, &right}) {
    for (const VisibleColumn& each : *side) {
      const bool merged = std::ranges::any_of(
          names, [&](std::string_view name) { return same_name(name, each.column.name); });
      if (!merged) level.visible.push_back(each);
    }
  }
  return text;
}

std::vector<std::string_view> Translator::common_names(const std::vector<VisibleColumn>& left,
                                                       const std::vector<VisibleColumn>& right) {
  std::vector<std::string_view> names;
  for (const VisibleColumn& each : left) {
    const bool common = std::ranges::any_of(right, [&](const VisibleColumn& other) {
      return same_name(each.column.name, other.column.name);
    });
    if (common) names.push_back(each.column.name);
  }
  return names;
}

std::optional<VisibleColumn> Translator::one_named(std::string_view name,
                                                   const std::vector<VisibleColumn>& columns,
                                                   std::string_view side, const Fields& at) {
  std::optional<VisibleColumn> found;
  for (const VisibleColumn& each : columns) {
    if (!same_name(each.column.name, name)) continue;
    if (found) {
      fail(SqlState::kAmbiguousColumn,
           fmt::format("common column name \"{}\" appears more than once in {} table", name, side),
           &at);
      return std::nullopt;
    }
    found = each;
  }
  if (!found) {
    fail(SqlState::kUndefinedColumn,
         fmt::format("column \"{}\" specified in USING clause does not exist in {} table", name,
                     side),
         &at);
  }
  return found;
}

// ---- Queries and functions ---------------------------------------------------------------------

std::string Translator::derived(const Fields& node, Level& level) {
  const Node* inside = field(node, "subquery");
  const Fields* alias = object_field(node, "alias");
  if (flag_field(node, "lateral")) return refuse("LATERAL", alias);
  if (inside == nullptr || !is_kind(*inside, "SelectStmt")) return refuse("this query", &node);
  if (alias == nullptr) {
    return fail(SqlState::kSyntaxError, "subquery in FROM must have an alias");
  }
  Query made = query(fields_of(*inside));
  if (error_) return {};
  const std::string called(text_field(*alias, "aliasname"));
  const auto titles = titles_of(alias);
  std::string text = made.text;
  if (!titles.empty()) {
    const std::string name = own_name();
    made.columns = titled(std::move(made.columns), titles, "table", called);
    text = fmt::format("WITH {0}({1}) AS ({2}) SELECT * FROM {0}", name, listed(made.columns),
                       made.text);
  }
  add_source({called, std::move(made.columns)}, node, level);
  return "(" + text + ") AS " + quote_name(called);
}

// json_each(x) and json_tree(x): SQLite's own, with its columns.
std::string Translator::table_function(const Fields& node, Level& level) {
  const auto& functions = list_field(node, "functions");
  const auto& items =
      functions.size() == 1 ? list_field(fields_of(functions[0]), "items") : functions;
  const bool call = !items.empty() && is_kind(items[0], "FuncCall");
  const auto names =
      call ? names_of(fields_of(items[0]), "funcname") : std::vector<std::string_view>();
  const Fields* alias = object_field(node, "alias");
  if (names.size() != 1 || (names[0] != "json_each" && names[0] != "json_tree") ||
      flag_field(node, "ordinality") || field(node, "coldeflist") != nullptr ||
      !titles_of(alias).empty() || list_field(fields_of(items[0]), "args").size() != 1) {
    return refuse("any function in FROM but json_each(…) and json_tree(…)",
                  call ? &fields_of(items[0]) : nullptr);
  }
  std::string text;
  {
    const InLevel inside(scope_, level);
    const Clause clause(*this, "functions in FROM");
    text = fmt::format("{}({})", names[0], list_of(list_field(fields_of(items[0]), "args")));
  }
  Source source{std::string(alias_of(alias, names[0])), {}};
  for (const std::string_view column :
       {"key", "value", "type", "atom", "id", "parent", "fullkey", "path"}) {
    source.columns.push_back({.name = std::string(column)});
  }
  text += " AS " + quote_name(source.alias);
  add_source(std::move(source), node, level);
  return text;
}

}  // namespace database::sqlite
