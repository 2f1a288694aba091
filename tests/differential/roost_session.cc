#include "differential/roost_session.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/sqlite/administration.h"
#include "database/sqlite/schema.h"
#include "differential/schema.h"

namespace differential {
namespace {

using database::GuestAccess;
using database::Rows;
using database::SqlResult;
using database::sqlite::Administration;
using database::sqlite::GuestConnection;
using database::sqlite::GuestPair;
using database::sqlite::Mode;
using database::sqlite::quote_name;

bool administer(const std::filesystem::path& file) {
  auto administration = Administration::open(file);
  if (!administration) {
    ADD_FAILURE() << administration.error().message;
    return false;
  }
  for (const std::string& script : {tables_script(Dialect::kSqlite), policies_script(),
                                    rows_script(), triggers_script(Dialect::kSqlite)}) {
    auto run = (*administration)->run(script, {});
    if (!run) {
      ADD_FAILURE() << database::to_json(run.error()) << " in " << script;
      return false;
    }
  }
  return true;
}

std::string dump_text(const PostgresSession::Tables& tables) {
  std::string text;
  for (const auto& [table, columns] : tables) {
    std::string list;
    for (const auto& column : columns) {
      const std::string name = quote_name(column.name);
      list +=
          fmt::format("{}{}", list.empty() ? "" : ", ", column.json ? "json(" + name + ")" : name);
    }
    text += fmt::format("{}SELECT '{}', json_array({}) FROM main.{}",
                        text.empty() ? "" : " UNION ALL ", table, list, quote_name(table));
  }
  return text;
}

Answer answer_of(const SqlResult<Rows>& rows) {
  Answer answer;
  if (!rows) {
    answer.state = database::code_of(rows.error().state);
    answer.message = rows.error().message;
    return answer;
  }
  answer.count = rows->count;
  answer.rows = canonical_rows(rows->json);
  return answer;
}

}  // namespace

std::unique_ptr<RoostSession> RoostSession::open(const std::filesystem::path& file,
                                                 const PostgresSession::Tables& tables) {
  if (!administer(file)) return nullptr;
  auto session = std::make_unique<RoostSession>();
  auto pair = GuestPair::open(file, Mode::kWrite);
  auto connection = GuestConnection::open(file, Mode::kWrite);
  sqlite3* reader = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &reader, SQLITE_OPEN_READONLY, nullptr);
  session->reader_.reset(reader);
  if (!pair || !connection || status != SQLITE_OK) {
    ADD_FAILURE() << "cannot open " << file << ": " << (pair ? "" : pair.error().message)
                  << (connection ? "" : connection.error().message);
    return nullptr;
  }
  session->pair_ = std::move(*pair);
  session->connection_ = std::move(*connection);
  session->dump_ = dump_text(tables);
  return session;
}

std::vector<std::string> RoostSession::table_rows(sqlite3* connection) const {
  std::vector<std::string> rows;
  auto statement = database::sqlite::prepare(connection, dump_);
  if (!statement) {
    ADD_FAILURE() << statement.error().message;
    return rows;
  }
  while (sqlite3_step(statement->get()) == SQLITE_ROW) {
    const auto cell = [&](int column) {
      return std::string(
          reinterpret_cast<const char*>(sqlite3_column_text(statement->get(), column)));
    };
    rows.push_back(cell(0) + canonical(boost::json::parse(cell(1))));
  }
  std::ranges::sort(rows);
  return rows;
}

Answer RoostSession::try_out(const Caller& caller, const database::Statement& statement) {
  pair_->begin_time();
  if (auto begun = pair_->keeper().begin(); !begun)
    return answer_of(std::unexpected(begun.error()));
  Answer answer = answer_of(pair_->run(GuestAccess(caller.principal), statement, {}));
  if (!answer.failed() && may_write(statement.sql)) {
    answer.tables = table_rows(pair_->keeper().connection());
  }
  pair_->keeper().rollback();
  return answer;
}

Answer RoostSession::keep(const Caller& caller, const database::Statement& statement) {
  Answer answer = answer_of(connection_->run_alone(GuestAccess(caller.principal), statement));
  if (!answer.failed() && may_write(statement.sql)) answer.tables = table_rows(reader_.get());
  return answer;
}

Answer RoostSession::run(const Caller& caller, const database::Statement& statement,
                         Ending ending) {
  return ending == Ending::kCommit ? keep(caller, statement) : try_out(caller, statement);
}

}  // namespace differential
