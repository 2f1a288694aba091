#include "database/sqlite/translation.h"

#include <utility>

#include "database/sql/syntax_tree.h"
#include "database/sqlite/guest_statement.h"

namespace database::sqlite {

SqlResult<GuestStatement> translate_statement(std::string_view sql, const Schema& schema) {
  const auto tree = sql::parse_statement(sql);
  if (!tree) return sql_fail(tree.error());
  return GuestStatementWriter(sql, schema).write(*tree);
}

SqlResult<Condition> translate_policy(std::string_view expression, const Schema& schema,
                                      std::size_t table) {
  const auto tree = sql::parse_expression(expression);
  if (!tree) return sql_fail(tree.error());
  Translator translator(schema, expression, sql::kExpressionPrefix, Translator::Purpose::kPolicy);
  Level level;
  level.add(source_of(schema.tables[table], table, schema.tables[table].name));
  const InLevel inside(translator.scope(), level);
  Condition condition;
  condition.text = translator.condition(*tree, "policy expressions");
  if (translator.error()) return sql_fail(*translator.error());
  condition.tables = translator.take_reads();
  return condition;
}

}  // namespace database::sqlite
