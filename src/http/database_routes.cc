#include "http/database_routes.h"

#include <chrono>
#include <utility>
#include <vector>

#include "http/database_json.h"
#include "http/error_response.h"

namespace http {
namespace {

using database::Bounds;
using database::SystemAccess;
using reactor::Task;

constexpr std::chrono::seconds kSqlTime{30};
constexpr std::chrono::minutes kMigrationTime{10};

Bounds within(std::chrono::seconds time) { return {.deadline = base::Deadline::after(time)}; }

}  // namespace

Task<Answer> answer_sql(reactor::Loop& loop, database::Pool& database, const Request& request) {
  base::Result<SqlRequest> asked = parse_sql_request(request.body);
  if (!asked) co_return error_response(asked.error());
  database::SqlResult<std::vector<database::Rows>> results;
  if (asked->caller) {
    const database::GuestAccess access(std::move(*asked->caller));
    const std::vector<database::Statement> statements{std::move(asked->statement)};
    results = co_await database.run(loop, access, statements, within(kSqlTime));
    if (!results) results.error().statement.reset();  // there is only the one
  } else {
    results = co_await database.administer(loop, SystemAccess(), std::move(asked->statement.sql),
                                           within(kSqlTime));
  }
  if (!results) co_return sql_error_response(results.error());
  co_return json_answer(200, results_json(*results));
}

Task<Answer> answer_migrations(reactor::Loop& loop, database::Pool& database,
                               const Request& request) {
  base::Result<std::vector<database::Migration>> migrations = parse_migrations(request.body);
  if (!migrations) co_return error_response(migrations.error());
  const auto applied = co_await database.migrate(loop, SystemAccess(), std::move(*migrations),
                                                 within(kMigrationTime));
  if (!applied) co_return sql_error_response(applied.error());
  co_return json_answer(200, applied_json(*applied));
}

Task<Answer> answer_policies(reactor::Loop& loop, database::Pool& database) {
  const auto tables = co_await database.security(loop, SystemAccess());
  if (!tables) co_return sql_error_response(tables.error());
  co_return json_answer(200, tables_json(*tables));
}

}  // namespace http
