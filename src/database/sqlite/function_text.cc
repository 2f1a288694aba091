// Function calls, aggregates and windows (translator.h).
#include <map>

#include <fmt/format.h>

#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

enum class Sort { kPlain, kAggregate, kWindow };

struct Function {
  std::string_view written;
  std::size_t least;
  std::size_t most;
  Sort sort = Sort::kPlain;
};

constexpr std::size_t kAny = 100;

const std::map<std::string_view, Function>& functions() {
  static const std::map<std::string_view, Function> kFunctions{
      {"abs", {"abs", 1, 1}},
      {"ascii", {"unicode", 1, 1}},
      {"btrim", {"trim", 1, 2}},
      {"ceil", {"pg_ceil", 1, 1}},
      {"ceiling", {"pg_ceil", 1, 1}},
      {"char_length", {"length", 1, 1}},
      {"character_length", {"length", 1, 1}},
      {"chr", {"char", 1, 1}},
      {"clock_timestamp", {"pg_now", 0, 0}},
      {"concat", {"pg_concat", 1, kAny}},
      {"concat_ws", {"pg_concat_ws", 2, kAny}},
      {"floor", {"pg_floor", 1, 1}},
      {"gen_random_uuid", {"pg_uuid", 0, 0}},
      {"initcap", {"pg_initcap", 1, 1}},
      {"json_array_length", {"json_array_length", 1, 1}},
      {"json_build_array", {"json_array", 0, kAny}},
      {"json_build_object", {"json_object", 0, kAny}},
      {"jsonb_array_length", {"json_array_length", 1, 1}},
      {"jsonb_build_array", {"json_array", 0, kAny}},
      {"jsonb_build_object", {"json_object", 0, kAny}},
      {"left", {"pg_left", 2, 2}},
      {"length", {"length", 1, 1}},
      {"lower", {"lower", 1, 1}},
      {"lpad", {"pg_lpad", 2, 3}},
      {"ltrim", {"ltrim", 1, 2}},
      {"mod", {"pg_mod", 2, 2}},
      {"now", {"pg_now", 0, 0}},
      {"position", {"pg_strpos", 2, 2}},
      {"pow", {"pg_power", 2, 2}},
      {"power", {"pg_power", 2, 2}},
      {"random", {"pg_random", 0, 0}},
      {"repeat", {"pg_repeat", 2, 2}},
      {"replace", {"replace", 3, 3}},
      {"reverse", {"pg_reverse", 1, 1}},
      {"right", {"pg_right", 2, 2}},
      {"round", {"pg_round", 1, 2}},
      {"rpad", {"pg_rpad", 2, 3}},
      {"rtrim", {"rtrim", 1, 2}},
      {"sign", {"sign", 1, 1}},
      {"split_part", {"pg_split_part", 3, 3}},
      {"sqrt", {"pg_sqrt", 1, 1}},
      {"statement_timestamp", {"pg_now", 0, 0}},
      {"strpos", {"pg_strpos", 2, 2}},
      {"substr", {"pg_substr", 2, 3}},
      {"substring", {"pg_substr", 2, 3}},
      {"transaction_timestamp", {"pg_now", 0, 0}},
      {"trunc", {"pg_trunc", 1, 1}},
      {"upper", {"upper", 1, 1}},

      {"avg", {"avg", 1, 1, Sort::kAggregate}},
      {"bool_and", {"min", 1, 1, Sort::kAggregate}},
      {"bool_or", {"max", 1, 1, Sort::kAggregate}},
      {"count", {"count", 1, 1, Sort::kAggregate}},
      {"every", {"min", 1, 1, Sort::kAggregate}},
      {"json_agg", {"json_group_array", 1, 1, Sort::kAggregate}},
      {"json_object_agg", {"json_group_object", 2, 2, Sort::kAggregate}},
      {"jsonb_agg", {"json_group_array", 1, 1, Sort::kAggregate}},
      {"jsonb_object_agg", {"json_group_object", 2, 2, Sort::kAggregate}},
      {"max", {"max", 1, 1, Sort::kAggregate}},
      {"min", {"min", 1, 1, Sort::kAggregate}},
      {"string_agg", {"group_concat", 2, 2, Sort::kAggregate}},
      {"sum", {"sum", 1, 1, Sort::kAggregate}},

      {"cume_dist", {"cume_dist", 0, 0, Sort::kWindow}},
      {"dense_rank", {"dense_rank", 0, 0, Sort::kWindow}},
      {"first_value", {"first_value", 1, 1, Sort::kWindow}},
      {"lag", {"lag", 1, 3, Sort::kWindow}},
      {"last_value", {"last_value", 1, 1, Sort::kWindow}},
      {"lead", {"lead", 1, 3, Sort::kWindow}},
      {"nth_value", {"nth_value", 2, 2, Sort::kWindow}},
      {"ntile", {"ntile", 1, 1, Sort::kWindow}},
      {"percent_rank", {"percent_rank", 0, 0, Sort::kWindow}},
      {"rank", {"rank", 0, 0, Sort::kWindow}},
      {"row_number", {"row_number", 0, 0, Sort::kWindow}},
  };
  return kFunctions;
}

// json_agg of no rows is NULL in PostgreSQL; SQLite makes an empty array or object.
std::string_view empty_json(std::string_view written) {
  if (written == "json_group_array") return "'[]'";
  if (written == "json_group_object") return "'{}'";
  return {};
}

// Bits of WindowDef.frameOptions (nodes/parsenodes.h).
enum Frame : std::int64_t {
  kNonDefault = 0x1,
  kRange = 0x2,
  kRows = 0x4,
  kStartUnbounded = 0x20,
  kEndUnbounded = 0x100,
  kStartCurrent = 0x200,
  kEndCurrent = 0x400,
  kStartBefore = 0x800,
  kEndBefore = 0x1000,
  kStartAfter = 0x2000,
  kExcludeRow = 0x8000,
  kExcludeGroup = 0x10000,
  kExcludeTies = 0x20000,
};

}  // namespace

std::string Translator::arguments(const Fields& node) {
  if (flag_field(node, "agg_star")) return "*";
  return (flag_field(node, "agg_distinct") ? "DISTINCT " : "") + list_of(list_field(node, "args"));
}

// current_setting('request.jwt.claims', true): how policies of PostgREST's users ask for the
// caller.
std::string Translator::setting(const Fields& node) {
  const auto list = list_field(node, "args");
  const Node* value =
      list.empty() || kind_of(*list[0]) != "A_Const" ? nullptr : field(fields_of(*list[0]), "sval");
  const std::string_view name =
      value == nullptr ? std::string_view() : text_field(value->get_object(), "sval");
  if (name == "request.jwt.claims") return "auth_jwt()";
  if (name == "request.jwt.claim.sub") return "coalesce(auth_uid(), '')";
  if (name == "request.jwt.claim.role" || name == "role") return "auth_role()";
  if (name == "request.jwt.claim.email") {
    return "coalesce(" + json_text_member("auth_jwt()", "'email'") + ", '')";
  }
  return refuse("any setting but request.jwt.claims", &node);
}

std::string Translator::call(const Fields& node) {
  auto names = names_of(node, "funcname");
  const std::string_view name = names.back();
  const auto count = list_field(node, "args").size();
  if (names.size() == 2 && names[0] == "auth" && count == 0) {
    if (name == "uid" || name == "role" || name == "jwt") return fmt::format("auth_{}()", name);
  }
  const bool ours = names.size() == 1 || (names.size() == 2 && names[0] == "pg_catalog");
  if (ours && name == "current_setting") return setting(node);
  const auto found = ours ? functions().find(name) : functions().end();
  const bool star = flag_field(node, "agg_star") && name == "count";
  if (found == functions().end() ||
      (!star && (count < found->second.least || count > found->second.most))) {
    return fail(SqlState::kUndefinedFunction,
                fmt::format("there is no function {} with {} arguments here (docs/database.md "
                            "lists those there are)",
                            fmt::join(names, "."), count),
                &node);
  }
  const Function& function = found->second;
  if (flag_field(node, "func_variadic")) return refuse("VARIADIC", &node);
  if (!list_field(node, "agg_order").empty()) return refuse("ORDER BY in an aggregate", &node);
  const bool windowed = field(node, "over") != nullptr;
  if (windowed && function.sort == Sort::kPlain) {
    return fail(SqlState::kDatatypeMismatch,
                fmt::format("OVER specified, but {} is not a window function", name), &node);
  }
  if (!windowed && function.sort == Sort::kWindow) {
    return fail(SqlState::kGroupingError,
                fmt::format("window function {} requires an OVER clause", name), &node);
  }
  std::string text = fmt::format("{}({})", function.written, arguments(node));
  if (field(node, "agg_filter") != nullptr) {
    text += " FILTER (WHERE " + child(node, "agg_filter") + ")";
  }
  if (windowed) text += over(node);
  const std::string_view empty = empty_json(function.written);
  return empty.empty() ? text : fmt::format("json(nullif({}, {}))", text, empty);
}

// ---- Windows -----------------------------------------------------------------------------------

std::string Translator::over(const Fields& node) {
  const Node* definition = field(node, "over");
  if (!definition->is_object()) return refuse("this window", &node);
  const Fields& fields = definition->get_object();
  if (const auto name = text_field(fields, "name"); !name.empty()) {
    return " OVER " + quote_name(name);
  }
  return " OVER (" + window(fields) + ")";
}

std::string Translator::window(const Fields& definition) {
  std::string text;
  if (const auto base = text_field(definition, "refname"); !base.empty()) text += quote_name(base);
  if (const auto parts = list_field(definition, "partitionClause"); !parts.empty()) {
    text += " PARTITION BY " + list_of(parts);
  }
  if (const auto terms = list_field(definition, "orderClause"); !terms.empty()) {
    text += " ORDER BY " + order(terms, nullptr);
  }
  return text + frame(definition);
}

std::string Translator::frame(const Fields& definition) {
  const auto options = number_field(definition, "frameOptions");
  if ((options & kNonDefault) == 0) return {};
  const auto has = [options](Frame bit) { return (options & bit) != 0; };
  std::string text = has(kRows) ? " ROWS" : has(kRange) ? " RANGE" : " GROUPS";
  text += " BETWEEN ";
  text += has(kStartUnbounded) ? "UNBOUNDED PRECEDING"
          : has(kStartCurrent) ? "CURRENT ROW"
                               : child(definition, "startOffset") +
                                     (has(kStartBefore) ? " PRECEDING" : " FOLLOWING");
  text += " AND ";
  text += has(kEndUnbounded) ? "UNBOUNDED FOLLOWING"
          : has(kEndCurrent)
              ? "CURRENT ROW"
              : child(definition, "endOffset") + (has(kEndBefore) ? " PRECEDING" : " FOLLOWING");
  if (has(kExcludeRow)) text += " EXCLUDE CURRENT ROW";
  if (has(kExcludeGroup)) text += " EXCLUDE GROUP";
  if (has(kExcludeTies)) text += " EXCLUDE TIES";
  return text;
}

}  // namespace database::sqlite
