#include "http/database_json.h"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace http {
namespace {

namespace json = boost::json;
using auth::Role;
using database::SqlState;

std::string refusal(const base::Result<SqlRequest>& request) {
  return request ? "" : request.error().message;
}
std::string refusal(const base::Result<std::vector<database::Migration>>& migrations) {
  return migrations ? "" : migrations.error().message;
}

TEST(DatabaseJson, AScriptHasNoCaller) {
  const auto request = parse_sql_request(R"({"sql":"select 1; select 2"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->statement.sql, "select 1; select 2");
  EXPECT_FALSE(request->caller);
}

TEST(DatabaseJson, ACallerIsWhatItsTokenWouldSay) {
  const auto request = parse_sql_request(
      R"({"sql":"select $1","params":[1,1.5,"a",null,true,{"$bytes":"aGk="},[1]],)"
      R"("as":{"role":"authenticated","user_id":"u-1","claims":{"email":"a@example.org"}}})");
  ASSERT_TRUE(request) << refusal(request);
  ASSERT_TRUE(request->caller);
  EXPECT_EQ(request->caller->role, Role::kAuthenticated);
  EXPECT_EQ(request->caller->user_id, "u-1");
  EXPECT_EQ(json::parse(request->caller->claims_json),
            json::parse(R"({"email":"a@example.org","role":"authenticated","sub":"u-1"})"));
  const std::vector<database::Value> values{std::int64_t{1},      1.5,  std::string("a"),
                                            database::Null(),     true, database::Blob{"hi"},
                                            database::Json{"[1]"}};
  EXPECT_EQ(request->statement.parameters, values);

  const auto anon = parse_sql_request(R"({"sql":"","as":{"role":"anon"}})");
  ASSERT_TRUE(anon) << refusal(anon);
  EXPECT_EQ(anon->caller->user_id, "");
  EXPECT_EQ(anon->caller->claims_json, R"({"role":"anon"})");
}

// A caller that is misread is somebody else: nothing of it is guessed.
TEST(DatabaseJson, SqlRequestsAreStrict) {
  const auto refused = [](std::string_view body) { return refusal(parse_sql_request(body)); };
  EXPECT_NE(refused("").find("not valid JSON"), std::string::npos);
  EXPECT_EQ(refused("[]"), "the body is not a JSON object");
  EXPECT_EQ(refused("{}"), "the body lacks the key 'sql'");
  EXPECT_EQ(refused(R"({"sql":1})"), "'sql' of the body is no string");
  EXPECT_EQ(refused(R"({"sql":"a\u0000b"})"), "'sql' of the body holds U+0000");
  EXPECT_EQ(refused(R"({"sql":"","parameters":[]})"),
            "the body has an unknown key 'parameters': known are sql, params, as");
  EXPECT_NE(refused(R"({"sql":"a","sql":"b"})").find("is there twice"), std::string::npos);
  EXPECT_EQ(refused(R"({"sql":"","params":[]})"),
            "'params' go with 'as': an administrator's script has no parameters");
  EXPECT_EQ(refused(R"({"sql":"","as":null})"), "'as' is not a JSON object");
  EXPECT_EQ(refused(R"({"sql":"","as":{}})"), "'as' lacks the key 'role'");
  EXPECT_EQ(refused(R"({"sql":"","as":{"role":"root"}})"),
            "there is no role 'root': there are anon, authenticated and service_role");
  EXPECT_NE(refused(R"({"sql":"","as":{"role":"anon","user":"x"}})").find("key 'user'"),
            std::string::npos);
  EXPECT_EQ(refused(R"({"sql":"","as":{"role":"anon","user_id":7}})"),
            "'user_id' of 'as' is no string");
  EXPECT_EQ(refused(R"({"sql":"","as":{"role":"anon","claims":[]}})"),
            "'claims' of 'as' is not a JSON object");
  for (const char* const key : {"role", "sub"}) {
    const std::string body = std::string(R"({"sql":"","as":{"role":"anon","claims":{")") + key +
                             R"(":"service_role"}}})";
    EXPECT_NE(refused(body).find(key), std::string::npos) << body;
  }
  EXPECT_EQ(refused(R"({"sql":"","as":{"role":"anon"},"params":{}})"),
            "'params' of the body is no array");
  EXPECT_NE(
      refused(R"({"sql":"","as":{"role":"anon"},"params":[1,9223372036854775808]})").find("$2: "),
      std::string::npos);
}

TEST(DatabaseJson, BodiesAreBounded) {
  const std::string around = R"({"sql":""})";
  const std::string fits(kMaxSqlBodyBytes - around.size(), ' ');
  EXPECT_TRUE(parse_sql_request(fits + around));
  const auto refused = parse_sql_request(fits + " " + around);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kPayloadTooLarge);
  EXPECT_EQ(parse_migrations(fits + " " + around).error().code, base::Code::kPayloadTooLarge);
}

TEST(DatabaseJson, MigrationsAreStrict) {
  const auto read = parse_migrations(
      R"({"migrations":[{"version":20260102030405,"name":"a","sql":"drop table t"}]
})");
  ASSERT_TRUE(read) << refusal(read);
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().version, 20260102030405U);
  EXPECT_EQ(read->front().name, "a");
  EXPECT_EQ(read->front().sql, "drop table t");

  const auto refused = [](std::string_view body) { return refusal(parse_migrations(body)); };
  EXPECT_EQ(refused("{}"), "'migrations' of the body is no array");
  EXPECT_EQ(refused(R"({"migrations":1})"), "'migrations' of the body is no array");
  EXPECT_EQ(refused(R"({"migrations":[1]})"), "a migration is not a JSON object");
  const std::string number = "'version' of a migration is not its number: 1, 2, 3 …";
  for (const char* const version : {"0", "-1", "1.5", "\"1\"", "null", "9223372036854775808"}) {
    EXPECT_EQ(
        refused(R"({"migrations":[{"name":"a","sql":"","version":)" + std::string(version) + "}]}"),
        number)
        << version;
  }
  EXPECT_EQ(refused(R"({"migrations":[{"name":"a","sql":""}]})"), number);
  EXPECT_EQ(refused(R"({"migrations":[{"version":1,"sql":""}]})"),
            "a migration lacks the key 'name'");
  EXPECT_EQ(refused(R"({"migrations":[{"version":1,"name":"a"}]})"),
            "a migration lacks the key 'sql'");
  EXPECT_NE(refused(R"({"migrations":[],"force":true})").find("unknown key 'force'"),
            std::string::npos);
}

TEST(DatabaseJson, ResultsKeepTheirRowsAsTheyAre) {
  EXPECT_EQ(results_json({}), R"({"results":[]})");
  EXPECT_EQ(results_json({{R"([{"a":1.50}])", 1}, {"[]", 3}}),
            R"({"results":[{"rows":[{"a":1.50}],"count":1},{"rows":[],"count":3}]})");
  EXPECT_EQ(applied_json({}), R"({"applied":[]})");
  EXPECT_EQ(applied_json({1, 20}), R"({"applied":[1,20]})");
}

TEST(DatabaseJson, TablesSayWhoMaySeeWhat) {
  database::TableSecurity table{
      .table = "a \"b\"", .enabled = true, .forced = false, .grants = {}, .policies = {}};
  table.grants.select = database::RoleSet::everyone();
  table.grants.remove.add(Role::kServiceRole);
  table.grants.remove.add(Role::kAuthenticated);
  database::Policy policy{.name = "own",
                          .table = table.table,
                          .command = database::Command::kInsert,
                          .permissive = false,
                          .roles = {},
                          .using_text = "",
                          .check_text = "owner = auth.uid()"};
  policy.roles.add(Role::kAnon);
  table.policies.push_back(policy);
  EXPECT_EQ(json::parse(tables_json({table})), json::parse(R"json({"tables":[{
    "table": "a \"b\"", "row_security": true, "forced": false,
    "grants": {"select": ["public"], "insert": [], "update": [],
               "delete": ["authenticated", "service_role"]},
    "policies": [{"name": "own", "command": "INSERT", "permissive": false, "roles": ["anon"],
                  "using": null, "check": "owner = auth.uid()"}]}]})json"));
}

TEST(DatabaseJson, ErrorsHavePostgresNamesToo) {
  Answer answer = sql_error_response({SqlState::kUniqueViolation, "a key \"x\" is there", 17, 2});
  EXPECT_EQ(answer.status, 400);
  const json::value body = json::parse(answer.body);
  EXPECT_EQ(body.at("code"), "INVALID_ARGUMENT");
  EXPECT_EQ(body.at("message"), "a key \"x\" is there");
  EXPECT_EQ(body.at("sqlstate"), "23505");
  EXPECT_EQ(body.at("class"), "unique_violation");
  EXPECT_EQ(body.at("position"), 17);
  EXPECT_EQ(body.at("statement"), 2);

  answer = sql_error_response({SqlState::kIoError, "the disk is gone", std::nullopt});
  EXPECT_EQ(answer.status, 500);
  const json::object gone = json::parse(answer.body).as_object();
  EXPECT_EQ(gone.at("code"), "DATABASE_UNAVAILABLE");
  EXPECT_FALSE(gone.contains("position"));
  EXPECT_FALSE(gone.contains("statement"));
  EXPECT_EQ(sql_error_response({SqlState::kQueryCanceled, "", std::nullopt}).status, 504);
}

}  // namespace
}  // namespace http
