// Reading libpg_query's tree (translator.h).
#include "database/sqlite/translator.h"

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
  if (found == nullptr || !found->is_number()) return 0;
  boost::system::error_code ignored;
  return found->to_number<std::int64_t>(ignored);
}

bool flag_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<const Node*> list_field(const Fields& node, std::string_view name) {
  std::vector<const Node*> list;
  const Node* found = field(node, name);
  if (found == nullptr || !found->is_array()) return list;
  for (const Node& each : found->get_array()) list.push_back(&each);
  return list;
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

std::vector<std::string_view> names_of(const Fields& node, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Node* each : list_field(node, name)) {
    names.push_back(kind_of(*each) == "A_Star" ? "*" : text_field(fields_of(*each), "sval"));
  }
  return names;
}

}  // namespace database::sqlite
