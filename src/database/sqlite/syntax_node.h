// Reading libpg_query's tree (sql/syntax_tree.h).
//
// A node is an object with one member, named after its type: {"A_Const":{…}}. Where the type is
// certain (a RangeVar in an INSERT) the tree has the inside alone. Absent fields are nothing, "", 0
// and false in the tree's terms.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace database::sqlite {

using Node = boost::json::value;
using Fields = boost::json::object;

const Node* field(const Fields& node, std::string_view name);
std::string_view text_field(const Fields& node, std::string_view name);
std::int64_t number_field(const Fields& node, std::string_view name);
bool flag_field(const Fields& node, std::string_view name);
const boost::json::array& list_field(const Fields& node, std::string_view name);
// The inside of a field whose type is certain; null when it is absent.
const Fields* object_field(const Fields& node, std::string_view name);

std::string_view kind_of(const Node& node);  // "A_Const"; "" for an empty node
const Fields& fields_of(const Node& node);
bool is_kind(const Node& node, std::string_view kind);
// "a.b.c" → {"a", "b", "c"}; a star is "*".
std::vector<std::string_view> names_of(const Fields& node, std::string_view name);
// The text of a constant string; nothing for any other node.
std::optional<std::string_view> string_constant(const Node& node);
// The value of a constant of 32 bits.
std::optional<std::int64_t> integer_constant(const Node& node);

}  // namespace database::sqlite
