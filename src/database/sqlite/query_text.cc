// Queries: SELECT, VALUES, their sources and their order (translator.h).
#include <algorithm>

#include <fmt/format.h>

#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

const Fields* object_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

bool is_plain_query(const Fields& select) {
  for (const std::string_view clause :
       {"sortClause", "limitCount", "limitOffset", "withClause", "larg", "lockingClause"}) {
    if (field(select, clause) != nullptr) return false;
  }
  return true;
}

std::string_view type_name(const Fields& cast) {
  const Fields* type = object_field(cast, "typeName");
  const auto names = type == nullptr ? std::vector<std::string_view>() : names_of(*type, "names");
  return names.empty() ? std::string_view() : names.back();
}

// Empty when PostgreSQL finds none.
std::string strong_name(const Node& value) {
  const std::string_view kind = kind_of(value);
  const Fields& fields = fields_of(value);
  if (kind == "ColumnRef") {
    const auto names = names_of(fields, "fields");
    return names.empty() || names.back() == "*" ? std::string() : std::string(names.back());
  }
  if (kind == "FuncCall") return std::string(names_of(fields, "funcname").back());
  if (kind == "A_Expr" && text_field(fields, "kind") == "AEXPR_NULLIF") return "nullif";
  if (kind == "CoalesceExpr") return "coalesce";
  if (kind == "MinMaxExpr") {
    return text_field(fields, "op") == "IS_LEAST" ? "least" : "greatest";
  }
  if (kind == "CollateClause") {
    const Node* inner = field(fields, "arg");
    return inner == nullptr ? std::string() : strong_name(*inner);
  }
  if (kind == "SubLink") {
    if (text_field(fields, "subLinkType") == "EXISTS_SUBLINK") return "exists";
    const Fields* select = object_field(fields, "subselect");
    if (select == nullptr || text_field(fields, "subLinkType") != "EXPR_SUBLINK") return {};
    const auto targets = list_field(fields_of(*field(fields, "subselect")), "targetList");
    if (targets.empty()) return {};
    const Fields& first = fields_of(*targets[0]);
    if (const auto name = text_field(first, "name"); !name.empty()) return std::string(name);
    const Node* inner = field(first, "val");
    return inner == nullptr ? std::string() : strong_name(*inner);
  }
  if (kind == "SQLValueFunction") {
    const std::string_view what = text_field(fields, "op");
    if (what == "SVFOP_CURRENT_DATE") return "current_date";
    if (what == "SVFOP_LOCALTIMESTAMP") return "localtimestamp";
    if (what == "SVFOP_CURRENT_TIMESTAMP") return "current_timestamp";
    if (what == "SVFOP_CURRENT_ROLE") return "current_role";
    return what == "SVFOP_USER" ? "user" : "current_user";
  }
  return {};
}

}  // namespace

std::string result_name(const Node& value) {
  if (std::string name = strong_name(value); !name.empty()) return name;
  if (kind_of(value) == "TypeCast") {
    const Fields& cast = fields_of(value);
    const Node* inner = field(cast, "arg");
    std::string name = inner == nullptr ? std::string() : strong_name(*inner);
    return name.empty() ? std::string(type_name(cast)) : name;
  }
  if (kind_of(value) == "CaseExpr") {
    const Node* otherwise = field(fields_of(value), "defresult");
    std::string name = otherwise == nullptr ? std::string() : strong_name(*otherwise);
    return name.empty() ? "case" : name;
  }
  return kind_of(value) == "RowExpr" ? "row" : "?column?";
}

// ---- Common table expressions ------------------------------------------------------------------

const Translator::Cte* Translator::find_cte(std::string_view name) const {
  const auto found = std::ranges::find(ctes_.rbegin(), ctes_.rend(), name, &Cte::name);
  return found == ctes_.rend() ? nullptr : &*found;
}

std::string Translator::cte(const Fields& node, const std::string& written) {
  const Node* inside = field(node, "ctequery");
  if (inside == nullptr || kind_of(*inside) != "SelectStmt") {
    return refuse("INSERT, UPDATE or DELETE in WITH", &node);
  }
  if (field(node, "search_clause") != nullptr || field(node, "cycle_clause") != nullptr) {
    return refuse("SEARCH or CYCLE", &node);
  }
  std::string text = quote_name(written);
  if (const auto columns = names_of(node, "aliascolnames"); !columns.empty()) {
    std::string list;
    for (const std::string_view column : columns) {
      list += (list.empty() ? "" : ", ") + quote_name(column);
    }
    text += "(" + list + ")";
  }
  const std::string_view how = text_field(node, "ctematerialized");
  text += how == "CTEMaterializeAlways"  ? " AS MATERIALIZED ("
          : how == "CTEMaterializeNever" ? " AS NOT MATERIALIZED ("
                                         : " AS (";
  return text + query(fields_of(*inside)) + ")";
}

// In PostgreSQL an expression sees those before it, and a table of its own name behind it; with
// RECURSIVE, all of them. SQLite always sees all: where a table stands behind, ours has another
// name.
std::string Translator::open_with(const Fields& statement) {
  const Fields* with = object_field(statement, "withClause");
  if (with == nullptr) return {};
  const bool recursive = flag_field(*with, "recursive");
  std::vector<Cte> made;
  const auto list = list_field(*with, "ctes");
  for (const Node* each : list) {
    const std::string name(text_field(fields_of(*each), "ctename"));
    if (std::ranges::find(made, name, &Cte::name) != made.end()) {
      return fail(SqlState::kDuplicateObject,
                  fmt::format("WITH query name \"{}\" specified more than once", name),
                  &fields_of(*each));
    }
    const bool shadows =
        schema_.table(name).has_value() || find_cte(name) != nullptr || name.starts_with("__");
    made.push_back(
        {name, shadows ? fmt::format("__c{}_{}", ctes_.size() + made.size(), name) : name});
  }
  if (recursive) ctes_.insert(ctes_.end(), made.begin(), made.end());
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i) {
    text += (i > 0 ? ", " : "") + cte(fields_of(*list[i]), made[i].written);
    if (!recursive) ctes_.push_back(made[i]);
  }
  return (recursive ? "WITH RECURSIVE " : "WITH ") + text + " ";
}

// ---- One query ---------------------------------------------------------------------------------

std::string Translator::query(const Fields& node) {
  if (error) return {};
  if (field(node, "lockingClause") != nullptr) return refuse("FOR UPDATE or FOR SHARE", &node);
  if (field(node, "intoClause") != nullptr) return refuse("SELECT INTO", &node);
  if (++depth_ > 60) {
    --depth_;
    return fail(SqlState::kStatementTooComplex, "the statement is nested too deeply");
  }
  const std::size_t outer = ctes_.size();
  std::string text = open_with(node);
  const std::string_view operation = text_field(node, "op");
  if (!operation.empty() && operation != "SETOP_NONE") {
    const bool all = flag_field(node, "all");
    if (all && operation != "SETOP_UNION") refuse("INTERSECT ALL or EXCEPT ALL");
    const Fields* left = object_field(node, "larg");
    const Fields* right = object_field(node, "rarg");
    if (left == nullptr || right == nullptr) return refuse("this query");
    text += operand(*left, true);
    text += operation == "SETOP_UNION"       ? (all ? " UNION ALL " : " UNION ")
            : operation == "SETOP_INTERSECT" ? " INTERSECT "
                                             : " EXCEPT ";
    text += operand(*right, false);
    if (const auto terms = list_field(node, "sortClause"); !terms.empty()) {
      text += " ORDER BY " + order(terms, nullptr);
    }
    text += limit(node);
  } else if (field(node, "valuesLists") != nullptr) {
    text += values(node, false) + limit(node);
    if (field(node, "sortClause") != nullptr) refuse("ORDER BY of VALUES");
  } else {
    text += select(node);
  }
  ctes_.resize(outer);
  --depth_;
  return text;
}

// SQLite takes a compound from the left, and parentheses only as a table.
std::string Translator::operand(const Fields& node, bool left) {
  const bool compound = field(node, "larg") != nullptr;
  const bool bare = left && compound && field(node, "sortClause") == nullptr &&
                    field(node, "limitCount") == nullptr && field(node, "limitOffset") == nullptr &&
                    field(node, "withClause") == nullptr;
  if (bare || is_plain_query(node)) return query(node);
  return "SELECT * FROM (" + query(node) + ")";
}

std::string Translator::values(const Fields& node, bool defaults) {
  std::string text;
  defaults_allowed_ = defaults;
  for (const Node* each : list_field(node, "valuesLists")) {
    text += text.empty() ? "VALUES (" : ", (";
    text += list_of(list_field(fields_of(*each), "items")) + ")";
  }
  defaults_allowed_ = false;
  return text;
}

std::string Translator::insert_values(const Fields& select) {
  const bool plain = field(select, "valuesLists") != nullptr &&
                     field(select, "sortClause") == nullptr &&
                     field(select, "withClause") == nullptr;
  return plain ? values(select, true) + limit(select) : query(select);
}

std::string Translator::select(const Fields& node) {
  levels_.emplace_back();
  std::string text = "SELECT ";
  if (const auto distinct = list_field(node, "distinctClause"); !distinct.empty()) {
    if (!kind_of(*distinct[0]).empty()) return refuse("DISTINCT ON", &node);
    text += "DISTINCT ";
  }
  // First the sources: targets may name what they bring.
  std::string sources;
  if (const auto items = list_field(node, "fromClause"); !items.empty()) {
    sources = " FROM " + from(items);
  }
  const auto list = list_field(node, "targetList");
  // PostgreSQL allows a query of no columns.
  text += list.empty() ? "NULL" : targets(list);
  text += sources;
  if (field(node, "whereClause") != nullptr) text += " WHERE " + child(node, "whereClause");
  text += group(node) + windows(node);
  if (const auto terms = list_field(node, "sortClause"); !terms.empty()) {
    text += " ORDER BY " + order(terms, &node);
  }
  text += limit(node);
  levels_.pop_back();
  return text;
}

std::string Translator::targets(const std::vector<const Node*>& list) {
  std::string text;
  for (const Node* each : list) {
    const Fields& target = fields_of(*each);
    const Node* value = field(target, "val");
    if (value == nullptr) return refuse("this column");
    if (!text.empty()) text += ", ";
    text += expression(*value);
    const bool star =
        kind_of(*value) == "ColumnRef" && names_of(fields_of(*value), "fields").back() == "*";
    if (star) continue;
    const std::string_view given = text_field(target, "name");
    text += " AS " + quote_name(given.empty() ? result_name(*value) : given);
  }
  return text;
}

std::string Translator::group(const Fields& node) {
  std::string text;
  for (const Node* each : list_field(node, "groupClause")) {
    if (kind_of(*each) == "GroupingSet") return refuse("GROUPING SETS, ROLLUP or CUBE", &node);
    text += (text.empty() ? " GROUP BY " : ", ") + expression(*each);
  }
  if (field(node, "havingClause") != nullptr) text += " HAVING " + child(node, "havingClause");
  return text;
}

std::string Translator::windows(const Fields& node) {
  std::string text;
  for (const Node* each : list_field(node, "windowClause")) {
    const Fields& definition = fields_of(*each);
    text += (text.empty() ? " WINDOW " : ", ") + quote_name(text_field(definition, "name")) +
            " AS (" + window(definition) + ")";
  }
  return text;
}

std::string Translator::limit(const Fields& node) {
  if (text_field(node, "limitOption") == "LIMIT_OPTION_WITH_TIES")
    return refuse("WITH TIES", &node);
  const Node* count = field(node, "limitCount");
  const Node* offset = field(node, "limitOffset");
  const bool all = count == nullptr || flag_field(fields_of(*count), "isnull");
  if (all && offset == nullptr) return {};
  std::string text = " LIMIT " + (all ? "-1" : expression(*count));
  if (offset != nullptr) text += " OFFSET " + expression(*offset);
  return text;
}

// ---- Order -------------------------------------------------------------------------------------

std::string Translator::order(const std::vector<const Node*>& terms, const Fields* select) {
  std::string text;
  for (const Node* each : terms) {
    text += (text.empty() ? "" : ", ") + order_term(fields_of(*each), select);
  }
  return text;
}

// PostgreSQL takes NULLs for the largest, SQLite for the smallest. Where there are none nothing is
// said, because SQLite can leave the order to a table only then.
std::string Translator::order_term(const Fields& term, const Fields* select) {
  const Node* what = field(term, "node");
  if (what == nullptr) return refuse("this ORDER BY", &term);
  const std::string_view direction = text_field(term, "sortby_dir");
  if (direction == "SORTBY_USING") return refuse("ORDER BY … USING", &term);
  const bool descending = direction == "SORTBY_DESC";
  std::string text = expression(*what) + (descending ? " DESC" : "");
  const std::string_view nulls = text_field(term, "sortby_nulls");
  const bool first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && descending);
  if (never_null(*what, select)) return text;
  return text + (first ? " NULLS FIRST" : " NULLS LAST");
}

// Only what is certain: a column of one of this level's tables that is NOT NULL.
bool Translator::never_null(const Node& node, const Fields* select) const {
  if (kind_of(node) != "ColumnRef" || levels_.empty() || levels_.back().outer_joins) return false;
  if (select == nullptr) return false;
  const auto names = names_of(fields_of(node), "fields");
  const std::string_view name = names.back();
  if (names.size() == 1) {  // a result column of that name comes first
    for (const Node* each : list_field(*select, "targetList")) {
      if (text_field(fields_of(*each), "name") == name) return false;
    }
  }
  const Table* found = nullptr;
  for (const Source& source : levels_.back().sources) {
    if (names.size() == 2 && !same_name(source.alias, names[0])) continue;
    if (names.size() > 2 || !source.table) return false;
    const Table& table = schema_.tables[*source.table];
    if (!table.column(name)) continue;
    if (found != nullptr) return false;
    found = &table;
  }
  return found != nullptr && found->columns[*found->column(name)].not_null;
}

// ---- Sources -----------------------------------------------------------------------------------

std::string Translator::from(const std::vector<const Node*>& items) {
  std::string text;
  for (const Node* each : items) text += (text.empty() ? "" : ", ") + source(*each);
  return text;
}

std::string Translator::source(const Node& item) {
  const std::string_view kind = kind_of(item);
  const Fields& fields = fields_of(item);
  if (kind == "RangeVar") return table(fields);
  if (kind == "JoinExpr") return join(fields);
  if (kind == "RangeSubselect") return derived(fields);
  if (kind == "RangeFunction") return table_function(fields);
  return refuse(kind == "RangeTableSample" ? "TABLESAMPLE" : kind, &fields);
}

void Translator::note_read(std::size_t table) {
  if (std::ranges::find(reads, table) == reads.end()) reads.push_back(table);
}

std::string Translator::table(const Fields& node) {
  const std::string_view name = text_field(node, "relname");
  const std::string_view schema_name = text_field(node, "schemaname");
  const Fields* alias = object_field(node, "alias");
  if (alias != nullptr && !list_field(*alias, "colnames").empty()) {
    return refuse("names for the columns of a table", &node);
  }
  if (!schema_name.empty() && schema_name != "public") {
    return fail(SqlState::kUndefinedTable,
                fmt::format("relation \"{}.{}\" does not exist", schema_name, name), &node);
  }
  const std::string called(alias == nullptr ? name : text_field(*alias, "aliasname"));
  if (const Cte* found = schema_name.empty() ? find_cte(name) : nullptr; found != nullptr) {
    if (!levels_.empty()) levels_.back().sources.push_back({called, std::nullopt});
    return quote_name(found->written) + " AS " + quote_name(called);
  }
  const auto index = schema_.table(name);
  if (!index) {
    return fail(SqlState::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name),
                &node);
  }
  note_read(*index);
  if (!levels_.empty()) levels_.back().sources.push_back({called, *index});
  return quote_name(schema_.tables[*index].name) + " AS " + quote_name(called);
}

std::string Translator::join(const Fields& node) {
  const Node* left = field(node, "larg");
  const Node* right = field(node, "rarg");
  if (left == nullptr || right == nullptr) return refuse("this join", &node);
  if (field(node, "alias") != nullptr) return refuse("a name for a join", &node);
  const std::string_view type = text_field(node, "jointype");
  if (type != "JOIN_INNER" && !levels_.empty()) levels_.back().outer_joins = true;
  std::string text = source(*left);
  if (flag_field(node, "isNatural")) text += " NATURAL";
  text += type == "JOIN_LEFT"    ? " LEFT JOIN "
          : type == "JOIN_RIGHT" ? " RIGHT JOIN "
          : type == "JOIN_FULL"  ? " FULL JOIN "
                                 : " JOIN ";
  const std::string other = source(*right);
  text += kind_of(*right) == "JoinExpr" ? "(" + other + ")" : other;
  if (field(node, "quals") != nullptr) return text + " ON " + child(node, "quals");
  std::string columns;
  for (const std::string_view column : names_of(node, "usingClause")) {
    columns += (columns.empty() ? "" : ", ") + quote_name(column);
  }
  return columns.empty() ? text : text + " USING (" + columns + ")";
}

std::string Translator::derived(const Fields& node) {
  if (flag_field(node, "lateral")) return refuse("LATERAL", &node);
  const Node* inside = field(node, "subquery");
  if (inside == nullptr || kind_of(*inside) != "SelectStmt") return refuse("this query", &node);
  const Fields* alias = object_field(node, "alias");
  if (alias == nullptr) {
    return fail(SqlState::kSyntaxError, "subquery in FROM must have an alias", &node);
  }
  if (!levels_.empty()) {
    levels_.back().sources.push_back({std::string(text_field(*alias, "aliasname")), std::nullopt});
  }
  std::string text = query(fields_of(*inside));
  if (const auto columns = names_of(*alias, "colnames"); !columns.empty()) {
    if (field(fields_of(*inside), "valuesLists") == nullptr) {
      return refuse("names for the columns of a query", &node);
    }
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      list += fmt::format("{}column{} AS {}", i > 0 ? ", " : "", i + 1, quote_name(columns[i]));
    }
    text = fmt::format("SELECT {} FROM ({})", list, text);
  }
  return "(" + text + ") AS " + quote_name(text_field(*alias, "aliasname"));
}

// json_each(x) and json_tree(x): SQLite's own, with its columns.
std::string Translator::table_function(const Fields& node) {
  const auto functions = list_field(node, "functions");
  const auto items = functions.size() == 1 ? list_field(fields_of(*functions[0]), "items")
                                           : std::vector<const Node*>();
  const bool call = !items.empty() && kind_of(*items[0]) == "FuncCall";
  const auto names =
      call ? names_of(fields_of(*items[0]), "funcname") : std::vector<std::string_view>();
  if (names.size() != 1 || (names[0] != "json_each" && names[0] != "json_tree") ||
      flag_field(node, "ordinality")) {
    return refuse("any function in FROM but json_each and json_tree", &node);
  }
  const Fields* alias = object_field(node, "alias");
  const std::string called(alias == nullptr ? names[0] : text_field(*alias, "aliasname"));
  if (!levels_.empty()) levels_.back().sources.push_back({called, std::nullopt});
  return fmt::format("{}({}) AS {}", names[0], list_of(list_field(fields_of(*items[0]), "args")),
                     quote_name(called));
}

// ---- The target of a change --------------------------------------------------------------------

std::size_t Translator::target(const Fields& relation) {
  const std::string_view name = text_field(relation, "relname");
  const std::string_view schema_name = text_field(relation, "schemaname");
  const bool ours = schema_name.empty() || schema_name == "public";
  const auto found = ours ? schema_.table(name) : std::nullopt;
  if (!found) {
    fail(SqlState::kUndefinedTable,
         fmt::format("relation \"{}{}{}\" does not exist", schema_name,
                     schema_name.empty() ? "" : ".", name),
         &relation);
    return 0;
  }
  return *found;
}

std::string Translator::alias_of(const Fields& relation) {
  const Fields* alias = object_field(relation, "alias");
  return quote_name(alias == nullptr ? text_field(relation, "relname")
                                     : text_field(*alias, "aliasname"));
}

}  // namespace database::sqlite
