// Policies, grants and row security: PostgreSQL's statements as values, and their expressions as
// conditions of SQLite.
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "database/sql/policy_statement.h"
#include "database/sql/syntax_tree.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/guest_pair.h"
#include "database/sqlite/translation.h"
#include "differential/hostile_world.h"
#include "fuzz/folder.h"
#include "fuzz/input.h"

namespace {

namespace sql = database::sql;
using database::sqlite::GuestPair;

const database::sqlite::Schema& schema() {
  static const fuzz::Folder kFolder;
  static const auto kWorld = differential::HostileWorld::make(kFolder / "data.db");
  static const auto kPair = GuestPair::open(kFolder / "data.db", database::sqlite::Mode::kRead);
  fuzz::require(kWorld && kPair, "a database can be made for the target");
  return (*kPair)->keeper().schema();
}

// A policy is kept as text, and read again with every change of the schema.
void require_expression(const std::string& text) {
  if (text.empty()) return;
  fuzz::require(sql::parse_expression(text).has_value(), "what is kept is an expression");
  for (std::size_t table = 0; table < schema().tables.size(); ++table) {
    (void)database::sqlite::translate_policy(text, schema(), table);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = sql::end_of_statement(text);
  fuzz::require(end <= text.size(), "a statement ends within its text");
  if (!sql::begins_policy_statement(text)) return 0;
  const auto statement = sql::parse_policy_statement(text.substr(0, end));
  if (!statement) return 0;
  if (const auto* made = std::get_if<sql::CreatePolicy>(&*statement)) {
    fuzz::require(!made->policy.name.empty() && !made->policy.table.empty(), "it has a name");
    require_expression(made->policy.using_text);
    require_expression(made->policy.check_text);
  }
  if (const auto* changed = std::get_if<sql::AlterPolicy>(&*statement)) {
    require_expression(changed->using_text.value_or(""));
    require_expression(changed->check_text.value_or(""));
  }
  return 0;
}
