// For tests: a user's database that answers what it is told to, and notes what it was asked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database/pool.h"

namespace http {

class PlayedDatabase final : public database::Pool {
 public:
  template <class T>
  using Answer = database::SqlResult<T>;
  using Rows = std::vector<database::Rows>;
  using Values = std::vector<std::vector<database::Row>>;

  reactor::Task<Answer<Rows>> run(reactor::Loop&, const database::GuestAccess& access,
                                  const std::vector<database::Statement>& statements,
                                  database::Bounds bounds) override {
    principal = access.principal();
    asked = statements;
    deadline = bounds.deadline;
    co_return rows;
  }
  reactor::Task<Answer<Values>> run(reactor::Loop&, database::SystemAccess,
                                    std::vector<database::Statement>, database::Bounds) override {
    co_return Values();
  }
  reactor::Task<Answer<std::unique_ptr<database::PoolTransaction>>> begin(reactor::Loop&,
                                                                          database::SystemAccess,
                                                                          std::chrono::milliseconds,
                                                                          base::Deadline) override {
    co_return std::unique_ptr<database::PoolTransaction>();
  }
  void on_commit(std::function<void()>) override {}
  reactor::Task<Answer<Rows>> administer(reactor::Loop&, database::SystemAccess, std::string text,
                                         database::Bounds bounds) override {
    script = std::move(text);
    deadline = bounds.deadline;
    co_return rows;
  }
  reactor::Task<Answer<std::vector<std::uint64_t>>> migrate(reactor::Loop&, database::SystemAccess,
                                                            std::vector<database::Migration> given,
                                                            database::Bounds bounds) override {
    migrations = std::move(given);
    deadline = bounds.deadline;
    co_return applied;
  }
  reactor::Task<Answer<std::vector<database::TableSecurity>>> security(
      reactor::Loop&, database::SystemAccess) override {
    co_return tables;
  }
  void stop() override {}

  // What it answers; set between requests.
  Answer<Rows> rows;
  Answer<std::vector<std::uint64_t>> applied;
  Answer<std::vector<database::TableSecurity>> tables;

  // What it was asked; read after an answer.
  std::optional<auth::Principal> principal;
  std::vector<database::Statement> asked;
  std::optional<std::string> script;
  std::vector<database::Migration> migrations;
  base::Deadline deadline = base::Deadline::never();
};

}  // namespace http
