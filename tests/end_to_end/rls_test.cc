// FUNC-I3: every guest query runs under its caller's row-level security, as callers over HTTP find
// it with the real program.
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "auth/token.h"
#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace json = boost::json;

const std::string kAda = "0b0e9dd0-35c9-4d55-9d61-4d0b5f6bd1aa";
const std::string kBob = "5b7a1f6e-5a52-4d5c-8a86-0d5f3f0e8ebb";

class Rls : public ::testing::Test {
 protected:
  Rls() {
    server_.deploy("db_query");
    server_.deploy("db_batch");
  }

  // Ada's note 1, Bob's notes 2 and 3; everybody's grant, each user's own rows.
  void make_notes() const {
    server_.sql(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT) STRICT");
    server_.sql("ALTER TABLE notes ENABLE ROW LEVEL SECURITY");
    server_.sql(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO anon, authenticated, service_role");
    server_.sql(
        "CREATE POLICY own ON notes USING (owner = auth.uid()) WITH CHECK (owner = auth.uid())");
    server_.sql(
        fmt::format("INSERT INTO notes VALUES (1, '{0}', 'a1'), (2, '{1}', 'b2'), (3, '{1}', 'b3')",
                    kAda, kBob));
  }

  [[nodiscard]] json::value query(const std::string& key, const std::string& sql,
                                  json::array params = {}) const {
    const auto body = json::serialize(json::object{{"sql", sql}, {"params", std::move(params)}});
    const auto response = server_.ask("db_query", {.key = key, .body = body});
    EXPECT_TRUE(response.status == 200 || response.status == 400)
        << response.status << response.body;
    return json::parse(response.body);
  }
  // The first column of each row, in order, as JSON.
  [[nodiscard]] std::string values(const std::string& key, const std::string& sql,
                                   json::array params = {}) const {
    const json::value answer = query(key, sql, std::move(params));
    if (!answer.as_object().contains("rows")) return json::serialize(answer);
    std::string all;
    for (const json::value& row : answer.at("rows").as_array()) {
      all += (all.empty() ? "" : " ") + json::serialize(row.as_object().begin()->value());
    }
    return all;
  }
  [[nodiscard]] std::string code_of(const std::string& key, const std::string& sql,
                                    json::array params = {}) const {
    const json::value answer = query(key, sql, std::move(params));
    const json::value* const code = answer.as_object().if_contains("code");
    return code == nullptr ? "" : std::string(code->as_string());
  }

  const database::TestFolder folder_;
  const ServerProcess server_{folder_ / "data"};
  const std::string ada_ = server_.token(kAda);
  const std::string bob_ = server_.token(kBob);
  const std::string anon_ = server_.keys().anon_key;
  const std::string service_ = server_.keys().service_role_key;
};

TEST_F(Rls, EachCallerSeesItsOwnRows) {
  make_notes();
  const std::string all = "SELECT id FROM notes ORDER BY id";
  EXPECT_EQ(values(ada_, all), "1");
  EXPECT_EQ(values(bob_, all), "2 3");
  EXPECT_EQ(values(anon_, all), "");
  EXPECT_EQ(values(service_, all), "1 2 3");
  EXPECT_EQ(values(ada_, "SELECT body FROM notes WHERE id = $1", {2}), "");
  EXPECT_EQ(values(bob_, "SELECT body FROM notes WHERE id = $1", {2}), R"("b2")");
  EXPECT_EQ(values(ada_, "SELECT count(*) FROM notes"), "1");
  EXPECT_EQ(values(ada_, "SELECT auth.uid()"), fmt::format("\"{}\"", kAda));
}

TEST_F(Rls, EachCallerWritesItsOwnRows) {
  make_notes();
  EXPECT_EQ(query(ada_, "UPDATE notes SET body = 'mine'").at("count"), 1);
  EXPECT_EQ(query(ada_, "DELETE FROM notes WHERE id = 2").at("count"), 0);
  EXPECT_EQ(code_of(ada_, "INSERT INTO notes VALUES (9, $1, 'x')", {json::string(kBob)}), "42501");
  EXPECT_EQ(code_of(ada_, "UPDATE notes SET owner = $1", {json::string(kBob)}), "42501");
  EXPECT_EQ(code_of(anon_, "INSERT INTO notes VALUES (9, $1, 'x')", {json::string(kBob)}), "42501");
  EXPECT_EQ(query(ada_, "INSERT INTO notes (owner, body) VALUES (auth.uid(), 'new')").at("count"),
            1);
  EXPECT_EQ(values(service_, "SELECT body FROM notes ORDER BY id"), R"("mine" "b2" "b3" "new")");
  EXPECT_EQ(query(service_, "DELETE FROM notes WHERE owner = $1", {json::string(kBob)}).at("count"),
            2);
}

TEST_F(Rls, ABatchIsAllOrNothing) {
  make_notes();
  const json::object own{{"sql", "UPDATE notes SET body = 'x'"}};
  const json::object others{{"sql", "INSERT INTO notes VALUES (9, $1, 'x')"},
                            {"params", json::array{json::string(kBob)}}};
  const auto batch = [&](const json::object& first, const json::object& second) {
    return server_.ask("db_batch",
                       {.key = ada_, .body = json::serialize(json::array{first, second})});
  };
  const auto refused = batch(own, others);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json::parse(refused.body).at("code"), "42501");
  EXPECT_EQ(json::parse(refused.body).at("statement"), 1);
  EXPECT_EQ(values(ada_, "SELECT body FROM notes"), R"("a1")");
  const auto done = batch(own, own);
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, R"({"results":[{"rows":[],"count":1},{"rows":[],"count":1}]})");
  EXPECT_EQ(values(service_, "SELECT body FROM notes ORDER BY id"), R"("x" "b2" "b3")");
}

TEST_F(Rls, WithoutGrantOrPolicyNothingIsSeen) {
  server_.sql("CREATE TABLE hidden (id INTEGER PRIMARY KEY) STRICT; INSERT INTO hidden VALUES (1)");
  const std::string all = "SELECT id FROM hidden";
  for (const std::string& key : {ada_, anon_}) EXPECT_EQ(code_of(key, all), "42501");
  server_.sql(
      "GRANT SELECT ON hidden TO authenticated; ALTER TABLE hidden ENABLE ROW LEVEL SECURITY");
  EXPECT_EQ(values(ada_, all), "");
  EXPECT_EQ(code_of(anon_, all), "42501");
  // Effective at once, on every loop's connection.
  server_.sql("CREATE POLICY everyone ON hidden FOR SELECT USING (true)");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(values(ada_, all), "1");
  server_.sql("DROP POLICY everyone ON hidden");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(values(ada_, all), "");
  EXPECT_EQ(code_of(ada_, "INSERT INTO hidden VALUES (2)"), "42501");
}

TEST_F(Rls, OnlyASignedTokenSaysWhoCalls) {
  make_notes();
  const auth::TokenRequest forged{.role = auth::Role::kServiceRole,
                                  .user_id = kBob,
                                  .lifetime = std::chrono::hours(1),
                                  .extra_claims_json = ""};
  const auto token = auth::sign_token(forged, {std::string(64, 'x')}, auth::Clock::now());
  ASSERT_TRUE(token);
  EXPECT_EQ(server_.ask("db_query", {.key = *token, .body = "{}"}).status, 401);
  // What a caller writes into the body is nobody's identity.
  const auto response = server_.ask(
      "db_query", {.key = ada_,
                   .body = fmt::format(R"({{"sql":"SELECT id FROM notes","role":"service_role",
                                            "user_id":"{0}","claims":{{"sub":"{0}"}}}})",
                                       kBob)});
  EXPECT_EQ(response.body, R"({"rows":[{"id":1}],"count":1})");
}

// The example that users read first: two users, a visitor, and the service role.
TEST_F(Rls, TodosOfTheExample) {
  const Finished migrated = server_.roost({"db", "migrate", ROOST_EXAMPLES "/todos/migrations"});
  ASSERT_EQ(migrated.exit, 0) << migrated.err;
  server_.deploy("todos");
  const auto post = [&](const std::string& path, const std::string& key, const std::string& body) {
    return server_.ask(path, {.key = key, .body = body});
  };
  const auto list = [&](const std::string& key) {
    return server_.ask("todos", {.method = "GET", .key = key, .body = ""}).body;
  };
  const auto made = post("todos", ada_, R"({"title":"write \"tests\""})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body, R"({"id":1,"title":"write \"tests\"","done":0})");
  EXPECT_EQ(post("todos", bob_, R"({"title":"read"})").status, 201);
  EXPECT_EQ(list(ada_), R"([{"id":1,"title":"write \"tests\"","done":0}])");
  EXPECT_EQ(post("todos/1/toggle", ada_, "").body,
            R"({"id":1,"title":"write \"tests\"","done":1})");
  EXPECT_EQ(post("todos/1/toggle", bob_, "").status, 404) << "it is not his";
  EXPECT_EQ(list(bob_), R"([{"id":2,"title":"read","done":0}])");
  EXPECT_EQ(post("todos", server_.keys().anon_key, R"({"title":"x"})").status, 403);
  EXPECT_EQ(post("todos", ada_, R"({"title":""})").status, 400) << "the table's own check";
  EXPECT_EQ(post("todos", ada_, "{}").status, 400);
  EXPECT_EQ(json::parse(list(service_)).as_array().size(), 2U);
}

}  // namespace
}  // namespace end_to_end
