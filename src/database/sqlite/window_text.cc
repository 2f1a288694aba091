// Windows (translator.h).
#include <fmt/format.h>

#include "database/sqlite/order_text.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

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
  kExcludeRow = 0x8000,
  kExcludeGroup = 0x10000,
  kExcludeTies = 0x20000,
};

}  // namespace

std::string Translator::over(const Fields& node) {
  const Fields* definition = object_field(node, "over");
  if (definition == nullptr) return {};
  if (const auto name = text_field(*definition, "name"); !name.empty()) {
    return " OVER " + quote_name(name);
  }
  return " OVER (" + window(*definition) + ")";
}

std::string Translator::windows(const Fields& node) {
  std::string text;
  for (const Node& each : list_field(node, "windowClause")) {
    const Fields& definition = fields_of(each);
    text += text.empty() ? " WINDOW " : ", ";
    text += quote_name(text_field(definition, "name")) + " AS (" + window(definition) + ")";
  }
  return text;
}

std::string Translator::window(const Fields& definition) {
  std::string text;
  if (const auto base = text_field(definition, "refname"); !base.empty()) text += quote_name(base);
  if (const auto& parts = list_field(definition, "partitionClause"); !parts.empty()) {
    text += " PARTITION BY " + list_of(parts);
  }
  if (const auto& terms = list_field(definition, "orderClause"); !terms.empty()) {
    text += " ORDER BY " + order(terms, Sorted{});
  }
  return text + frame(definition);
}

std::string Translator::frame(const Fields& definition) {
  const auto options = number_field(definition, "frameOptions");
  if ((options & kNonDefault) == 0) return {};
  const auto has = [options](Frame bit) { return (options & bit) != 0; };
  std::string text = has(kRows) ? " ROWS" : has(kRange) ? " RANGE" : " GROUPS";
  text += " BETWEEN ";
  if (has(kStartUnbounded)) {
    text += "UNBOUNDED PRECEDING";
  } else if (has(kStartCurrent)) {
    text += "CURRENT ROW";
  } else {
    text += child(definition, "startOffset") + (has(kStartBefore) ? " PRECEDING" : " FOLLOWING");
  }
  text += " AND ";
  if (has(kEndUnbounded)) {
    text += "UNBOUNDED FOLLOWING";
  } else if (has(kEndCurrent)) {
    text += "CURRENT ROW";
  } else {
    text += child(definition, "endOffset") + (has(kEndBefore) ? " PRECEDING" : " FOLLOWING");
  }
  if (has(kExcludeRow)) text += " EXCLUDE CURRENT ROW";
  if (has(kExcludeGroup)) text += " EXCLUDE GROUP";
  if (has(kExcludeTies)) text += " EXCLUDE TIES";
  return text;
}

}  // namespace database::sqlite
