#include "database/sqlite/order_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace database::sqlite {

SortOrder sort_order(const Fields& term) {
  const bool descending = text_field(term, "sortby_dir") == "SORTBY_DESC";
  const std::string_view nulls = text_field(term, "sortby_nulls");
  return {descending,
          nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && descending)};
}

std::string Translator::order(const boost::json::array& terms, const Sorted& sorted) {
  std::string text;
  for (const Node& each : terms) {
    if (!text.empty()) text += ", ";
    text += order_term(fields_of(each), sorted);
  }
  return text;
}

// SQLite takes NULLs for the smallest. Where there are none nothing is said, because it leaves an
// order to a table only then.
std::string Translator::order_term(const Fields& term, const Sorted& sorted) {
  const Node* what = field(term, "node");
  if (what == nullptr) return refuse("this ORDER BY", &term);
  if (text_field(term, "sortby_dir") == "SORTBY_USING") return refuse("ORDER BY … USING", &term);
  const SortedBy by = sorted.result == nullptr ? SortedBy{expression(*what), false}
                                               : sorted_by(*what, sorted, "ORDER BY");
  const SortOrder order = sort_order(term);
  std::string text = by.text + (order.descending ? " DESC" : "");
  if (!by.not_null) text += order.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  return text;
}

Translator::SortedBy Translator::sorted_by(const Node& what, const Sorted& sorted,
                                           std::string_view clause) {
  const auto& columns = sorted.result->columns;
  const auto place = result_place(what, sorted, clause);
  if (error_) return {};
  if (place) return {std::to_string(*place + 1), columns[*place].not_null};
  const std::string text = expression(what);
  if (sorted.distinct &&
      std::ranges::find(sorted.result->texts, text) == sorted.result->texts.end()) {
    fail(SqlState::kInvalidColumnReference,
         "for SELECT DISTINCT, ORDER BY expressions must appear in select list", &fields_of(what));
  }
  const auto names = names_of(fields_of(what), "fields");
  if (names.empty()) return {text, false};
  const auto found =
      scope_.find(names.size() > 1 ? names[names.size() - 2] : std::string_view(), names.back());
  return {text, found.column.column.not_null};
}

// A constant is a position; a name is a result column's first, for ORDER BY.
std::optional<std::size_t> Translator::result_place(const Node& what, const Sorted& sorted,
                                                    std::string_view clause) {
  const auto& columns = sorted.result->columns;
  const Fields& node = fields_of(what);
  if (const auto position = integer_constant(what)) {
    if (*position >= 1 && static_cast<std::size_t>(*position) <= columns.size()) {
      return static_cast<std::size_t>(*position - 1);
    }
    fail(SqlState::kInvalidColumnReference,
         fmt::format("{} position {} is not in select list", clause, *position), &node);
    return std::nullopt;
  }
  if (is_kind(what, "A_Const")) {
    fail(SqlState::kSyntaxError, fmt::format("non-integer constant in {}", clause), &node);
    return std::nullopt;
  }
  const auto names = names_of(node, "fields");
  if (names.size() == 1) {
    if (const auto named = named_result(names[0], *sorted.result, node)) return named;
  }
  if (sorted.compound && names.size() != 1) refuse("ORDER BY an expression of a UNION", &node);
  return std::nullopt;
}

std::optional<std::size_t> Translator::named_result(std::string_view name, const Query& result,
                                                    const Fields& at) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    if (!same_name(result.columns[i].name, name)) continue;
    if (found && result.texts[*found] != result.texts[i]) {
      fail(SqlState::kAmbiguousColumn, fmt::format("ORDER BY \"{}\" is ambiguous", name), &at);
      return std::nullopt;
    }
    if (!found) found = i;
  }
  return found;
}

// For GROUP BY a name is a table's column first.
std::string Translator::grouping_term(const Node& term, const Query& result) {
  if (is_kind(term, "GroupingSet")) {
    return refuse("GROUPING SETS, ROLLUP or CUBE", &fields_of(term));
  }
  const auto names = names_of(fields_of(term), "fields");
  if (names.size() == 1 && scope_.find_here(names[0]).outcome != Scope::Found::Outcome::kNoColumn) {
    return expression(term);
  }
  return sorted_by(term, Sorted{&result}, "GROUP BY").text;
}

}  // namespace database::sqlite
