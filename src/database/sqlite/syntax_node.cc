#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

const Node* field(const Fields& node, std::string_view name) {
  const Node* found = node.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string_view text_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found == nullptr || !found->is_string() ? std::string_view()
                                                 : std::string_view(found->get_string());
}

std::int64_t number_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found == nullptr || !found->is_int64() ? 0 : found->get_int64();
}

bool flag_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const boost::json::array& list_field(const Fields& node, std::string_view name) {
  static const boost::json::array kNone;
  const Node* found = field(node, name);
  return found == nullptr || !found->is_array() ? kNone : found->get_array();
}

const Fields* object_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found == nullptr || !found->is_object() ? nullptr : &found->get_object();
}

std::string_view kind_of(const Node& node) {
  if (!node.is_object() || node.get_object().empty()) return {};
  return node.get_object().begin()->key();
}

const Fields& fields_of(const Node& node) {
  static const Fields kNone;
  if (!node.is_object() || node.get_object().empty()) return kNone;
  const Node& inside = node.get_object().begin()->value();
  return inside.is_object() ? inside.get_object() : kNone;
}

bool is_kind(const Node& node, std::string_view kind) { return kind_of(node) == kind; }

std::vector<std::string_view> names_of(const Fields& node, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Node& each : list_field(node, name)) {
    names.push_back(is_kind(each, "A_Star") ? "*" : text_field(fields_of(each), "sval"));
  }
  return names;
}

std::optional<std::string_view> string_constant(const Node& node) {
  if (!is_kind(node, "A_Const")) return std::nullopt;
  const Fields* inside = object_field(fields_of(node), "sval");
  if (inside == nullptr) return std::nullopt;
  return text_field(*inside, "sval");
}

std::optional<std::int64_t> integer_constant(const Node& node) {
  if (!is_kind(node, "A_Const")) return std::nullopt;
  const Fields* inside = object_field(fields_of(node), "ival");
  if (inside == nullptr) return std::nullopt;
  return number_field(*inside, "ival");
}

}  // namespace database::sqlite
