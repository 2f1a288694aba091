#include "database/sqlite/function_list.h"

#include <algorithm>
#include <array>

namespace database::sqlite {
namespace {

using enum Type;
using Form = ListedFunction::Form;
using Sort = ListedFunction::Sort;

// What SQLite takes in one call.
constexpr std::size_t kMany = 100;

constexpr ListedFunction aggregate(std::string_view name, std::string_view written,
                                   std::size_t arguments, Type type, Form form) {
  return {name, written, arguments, arguments, type, form, Sort::kAggregate};
}

constexpr ListedFunction window(std::string_view name, std::size_t least, std::size_t most,
                                Type type, Form form = Form::kCall) {
  return {name, name, least, most, type, form, Sort::kWindow};
}

constexpr std::array kFunctions{
    ListedFunction{"abs", "abs", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"ascii", "unicode", 1, 1, kInteger},
    ListedFunction{"btrim", "trim", 1, 2, kText},
    ListedFunction{"ceil", "pg_ceil", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"ceiling", "pg_ceil", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"char_length", "length", 1, 1, kInteger},
    ListedFunction{"character_length", "length", 1, 1, kInteger},
    ListedFunction{"chr", "pg_chr", 1, 1, kText},
    ListedFunction{"clock_timestamp", "pg_now", 0, 0, kText},
    ListedFunction{"concat", "pg_concat", 1, kMany, kText, Form::kConcat},
    ListedFunction{"concat_ws", "pg_concat_ws", 2, kMany, kText, Form::kConcat},
    ListedFunction{"current_setting", "", 1, 2, kText, Form::kSetting},
    ListedFunction{"floor", "pg_floor", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"gen_random_uuid", "pg_uuid", 0, 0, kText},
    ListedFunction{"initcap", "pg_initcap", 1, 1, kText},
    ListedFunction{"json_array_length", "json_array_length", 1, 1, kInteger},
    ListedFunction{"json_build_array", "json_array", 0, kMany, kJson, Form::kJsonArguments},
    ListedFunction{"json_build_object", "json_object", 0, kMany, kJson, Form::kJsonArguments},
    ListedFunction{"json_typeof", "json_type", 1, 1, kText, Form::kJsonType},
    ListedFunction{"jsonb_array_length", "json_array_length", 1, 1, kInteger},
    ListedFunction{"jsonb_build_array", "json_array", 0, kMany, kJson, Form::kJsonArguments},
    ListedFunction{"jsonb_build_object", "json_object", 0, kMany, kJson, Form::kJsonArguments},
    ListedFunction{"jsonb_typeof", "json_type", 1, 1, kText, Form::kJsonType},
    ListedFunction{"left", "pg_left", 2, 2, kText},
    ListedFunction{"length", "length", 1, 1, kInteger},
    ListedFunction{"lower", "lower", 1, 1, kText},
    ListedFunction{"lpad", "pg_lpad", 2, 3, kText},
    ListedFunction{"ltrim", "ltrim", 1, 2, kText},
    ListedFunction{"mod", "pg_mod", 2, 2, kUnknown, Form::kSameType},
    ListedFunction{"now", "pg_now", 0, 0, kText},
    ListedFunction{"octet_length", "length", 1, 1, kInteger, Form::kOctets},
    ListedFunction{"position", "pg_strpos", 2, 2, kInteger},
    ListedFunction{"pow", "pg_power", 2, 2, kFloat},
    ListedFunction{"power", "pg_power", 2, 2, kFloat},
    ListedFunction{"random", "pg_random", 0, 0, kFloat},
    ListedFunction{"repeat", "pg_repeat", 2, 2, kText},
    ListedFunction{"replace", "replace", 3, 3, kText},
    ListedFunction{"reverse", "pg_reverse", 1, 1, kText},
    ListedFunction{"right", "pg_right", 2, 2, kText},
    ListedFunction{"round", "pg_round", 1, 2, kUnknown, Form::kRound},
    ListedFunction{"rpad", "pg_rpad", 2, 3, kText},
    ListedFunction{"rtrim", "rtrim", 1, 2, kText},
    ListedFunction{"sign", "sign", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"split_part", "pg_split_part", 3, 3, kText},
    ListedFunction{"sqrt", "pg_sqrt", 1, 1, kFloat},
    ListedFunction{"starts_with", "", 2, 2, kBoolean, Form::kStartsWith},
    ListedFunction{"statement_timestamp", "pg_now", 0, 0, kText},
    ListedFunction{"strpos", "pg_strpos", 2, 2, kInteger},
    ListedFunction{"substr", "pg_substr", 2, 3, kText, Form::kText},
    ListedFunction{"substring", "pg_substr", 2, 3, kText, Form::kText},
    ListedFunction{"transaction_timestamp", "pg_now", 0, 0, kText},
    ListedFunction{"trunc", "pg_trunc", 1, 1, kUnknown, Form::kSameType},
    ListedFunction{"upper", "upper", 1, 1, kText},
    ListedFunction{"uuid_generate_v4", "pg_uuid", 0, 0, kText},

    aggregate("avg", "avg", 1, kNumeric, Form::kCall),
    aggregate("bool_and", "min", 1, kBoolean, Form::kCall),
    aggregate("bool_or", "max", 1, kBoolean, Form::kCall),
    aggregate("count", "count", 1, kInteger, Form::kCount),
    aggregate("every", "min", 1, kBoolean, Form::kCall),
    aggregate("json_agg", "json_group_array", 1, kJson, Form::kJsonAggregate),
    aggregate("json_object_agg", "json_group_object", 2, kJson, Form::kJsonAggregate),
    aggregate("jsonb_agg", "json_group_array", 1, kJson, Form::kJsonAggregate),
    aggregate("jsonb_object_agg", "json_group_object", 2, kJson, Form::kJsonAggregate),
    aggregate("max", "max", 1, kUnknown, Form::kSameType),
    aggregate("min", "min", 1, kUnknown, Form::kSameType),
    aggregate("string_agg", "group_concat", 2, kText, Form::kTextAggregate),
    aggregate("sum", "sum", 1, kUnknown, Form::kSum),

    window("cume_dist", 0, 0, kFloat),
    window("dense_rank", 0, 0, kInteger),
    window("first_value", 1, 1, kUnknown, Form::kSameType),
    window("lag", 1, 3, kUnknown, Form::kSameType),
    window("last_value", 1, 1, kUnknown, Form::kSameType),
    window("lead", 1, 3, kUnknown, Form::kSameType),
    window("nth_value", 2, 2, kUnknown, Form::kSameType),
    window("ntile", 1, 1, kInteger),
    window("percent_rank", 0, 0, kFloat),
    window("rank", 0, 0, kInteger),
    window("row_number", 0, 0, kInteger),
};

}  // namespace

const ListedFunction* find_function(std::string_view name) {
  const auto found = std::ranges::find(kFunctions, name, &ListedFunction::name);
  return found == kFunctions.end() ? nullptr : &*found;
}

}  // namespace database::sqlite
