#include "http/database_routes.h"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "http/test_world.h"

namespace http {
namespace {

namespace json = boost::json;
using database::SqlState;
using namespace std::chrono_literals;

const std::string kSql = "/admin/v1/sql";
const std::string kMigrations = "/admin/v1/migrations";
const std::string kPolicies = "/admin/v1/policies";

// What was left of the deadline when the database was asked lies within a second of `span`.
void expect_deadline(const PlayedDatabase& database, std::chrono::seconds span) {
  EXPECT_LE(database.deadline.left(), span);
  EXPECT_GT(database.deadline.left(), span - 15s);
}

TEST(DatabaseRoutes, AScriptRunsAsTheAdministrator) {
  TestWorld world;
  world.database().rows = std::vector<database::Rows>{{R"([{"n":1}])", 1}, {"[]", 2}};
  const Reply reply = world.admin("POST", kSql, "", R"({"sql":"select 1; delete from t"})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, R"({"results":[{"rows":[{"n":1}],"count":1},{"rows":[],"count":2}]})");
  EXPECT_EQ(world.database().script, "select 1; delete from t");
  EXPECT_FALSE(world.database().principal);
  expect_deadline(world.database(), 30s);
}

TEST(DatabaseRoutes, WithACallerAStatementRunsAsThatCaller) {
  TestWorld world;
  world.database().rows = std::vector<database::Rows>{{"[]", 0}};
  const Reply reply = world.admin(
      "POST", kSql, "", R"({"sql":"select $1","params":[7],"as":{"role":"anon","user_id":"u"}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_FALSE(world.database().script) << "nothing ran as the administrator";
  ASSERT_TRUE(world.database().principal);
  EXPECT_EQ(world.database().principal->role, auth::Role::kAnon);
  EXPECT_EQ(world.database().principal->user_id, "u");
  ASSERT_EQ(world.database().asked.size(), 1U);
  EXPECT_EQ(world.database().asked[0].sql, "select $1");
  EXPECT_EQ(world.database().asked[0].parameters, std::vector<database::Value>{std::int64_t{7}});
  expect_deadline(world.database(), 30s);
}

TEST(DatabaseRoutes, AMalformedCallerRunsNothing) {
  TestWorld world;
  for (const char* const body :
       {"", R"({"sql":"select 1","as":{"role":"nobody"}})", R"({"sql":"select 1","As":{}})",
        R"({"sql":"select 1","params":[1]})"}) {
    EXPECT_EQ(world.admin("POST", kSql, "", body).status, 400) << body;
  }
  EXPECT_FALSE(world.database().script);
  EXPECT_FALSE(world.database().principal);
}

TEST(DatabaseRoutes, ErrorsOfTheDatabaseAreTold) {
  TestWorld world;
  world.database().rows = std::unexpected(
      database::SqlError{SqlState::kUndefinedColumn, "column \"x\" does not exist", 8, 0});
  const Reply script = world.admin("POST", kSql, "", R"({"sql":"select x"})");
  EXPECT_EQ(script.status, 400);
  EXPECT_EQ(json::parse(script.body).at("statement"), 0);
  const Reply single = world.admin("POST", kSql, "", R"({"sql":"select x","as":{"role":"anon"}})");
  EXPECT_EQ(json::parse(single.body).at("position"), 8);
  EXPECT_FALSE(json::parse(single.body).as_object().contains("statement")) << "there is only one";

  world.database().rows = database::sql_fail(SqlState::kConnectionFailure, "its disk is gone");
  world.database().applied = database::sql_fail(SqlState::kConnectionFailure, "its disk is gone");
  world.database().tables = database::sql_fail(SqlState::kConnectionFailure, "its disk is gone");
  for (const Reply& reply : {world.admin("POST", kSql, "", R"({"sql":""})"),
                             world.admin("POST", kMigrations, "", R"({"migrations":[]})"),
                             world.admin("GET", kPolicies)}) {
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(json::parse(reply.body).at("code"), "DATABASE_UNAVAILABLE") << reply.body;
    EXPECT_EQ(json::parse(reply.body).at("class"), "connection_failure");
  }
}

TEST(DatabaseRoutes, MigrationsAreHandedOver) {
  TestWorld world;
  world.database().applied = std::vector<std::uint64_t>{2};
  const Reply reply = world.admin("POST", kMigrations, "",
                                  R"({"migrations":[{"version":1,"name":"a","sql":"x"},)"
                                  R"({"version":2,"name":"b","sql":"y"}]})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, R"({"applied":[2]})");
  ASSERT_EQ(world.database().migrations.size(), 2U);
  EXPECT_EQ(world.database().migrations[1].name, "b");
  expect_deadline(world.database(), 600s);
  EXPECT_EQ(world.admin("POST", kMigrations, "", "{}").status, 400);
}

TEST(DatabaseRoutes, PoliciesAreListed) {
  TestWorld world;
  world.database().tables = std::vector<database::TableSecurity>{
      {.table = "todos", .enabled = true, .forced = false, .grants = {}, .policies = {}}};
  const Reply reply = world.admin("GET", kPolicies);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body).at("tables").at(0).at("table"), "todos");
}

TEST(DatabaseRoutes, OnlyTheServiceKeyReachesThem) {
  TestWorld world;
  const std::string body = R"({"sql":"select 1"})";
  for (const std::string& target : {kSql, kMigrations, kPolicies}) {
    TestClient client(world.server().admin_address());
    EXPECT_EQ(client.ask(TestWorld::request("POST", target, "", body)).status, 401) << target;
    EXPECT_EQ(
        client
            .ask(TestWorld::request(
                "POST", target,
                "Authorization: Bearer " + world.token(auth::Role::kAuthenticated) + "\r\n", body))
            .status,
        403)
        << target;
    EXPECT_EQ(world.call("POST", target, "", body).status, 404) << "on the functions' listener";
  }
  EXPECT_FALSE(world.database().script);
}

}  // namespace
}  // namespace http
