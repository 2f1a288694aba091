#include "triggers/capture.h"

#include <fmt/format.h>

#include "triggers/node_test.h"

namespace triggers {
namespace {

namespace json = boost::json;

class CaptureTest : public NodeTest {
 protected:
  // The payloads that wait, oldest first.
  std::vector<json::object> events() {
    std::vector<json::object> events;
    for (const auto& row : node_.rows("SELECT payload FROM _roost_event ORDER BY id")) {
      events.push_back(json::parse(text_of(row.front())).as_object());
    }
    return events;
  }
  std::vector<std::string> lanes() {
    std::vector<std::string> lanes;
    for (const auto& row : node_.rows("SELECT lane FROM _roost_delivery ORDER BY event_id")) {
      lanes.push_back(text_of(row.front()));
    }
    return lanes;
  }
  void forget() {
    node_.own("DELETE FROM _roost_event");
    node_.own("DELETE FROM _roost_delivery");
  }

  Node node_{folder_};
};

TEST_F(CaptureTest, AnEventIsTheRowBeforeAndAfter) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert,update,delete"});
  node_.sql(
      "INSERT INTO users (id, name) VALUES (7, 'Ann'); UPDATE users SET email = 'a@b' "
      "WHERE id = 7; DELETE FROM users");
  const auto all = events();
  ASSERT_EQ(all.size(), 3U);
  const json::value before = json::parse(R"({"id":7,"name":"Ann","email":null})");
  const json::value after = json::parse(R"({"id":7,"name":"Ann","email":"a@b"})");
  EXPECT_EQ(all[0].at("trigger"), "database");
  EXPECT_EQ(all[0].at("table"), "users");
  EXPECT_EQ(all[0].at("schema"), "public");
  EXPECT_EQ(all[0].at("operation"), "INSERT");
  EXPECT_TRUE(all[0].at("old").is_null());
  EXPECT_EQ(all[0].at("new"), before);
  EXPECT_EQ(all[1].at("operation"), "UPDATE");
  EXPECT_EQ(all[1].at("old"), before);
  EXPECT_EQ(all[1].at("new"), after);
  EXPECT_EQ(all[2].at("operation"), "DELETE");
  EXPECT_EQ(all[2].at("old"), after);
  EXPECT_TRUE(all[2].at("new").is_null());
  EXPECT_TRUE(all[0].at("timestamp").as_string().ends_with("Z"));
  EXPECT_FALSE(all[0].contains("truncated"));
  EXPECT_EQ(lanes(), (std::vector<std::string>{"users[7]", "users[7]", "users[7]"}));
}

TEST_F(CaptureTest, OnlyWhatChangedIsAnUpdate) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:update(email)"});
  node_.sql("INSERT INTO users (name, email) VALUES ('Ann', 'a@b')");
  node_.sql("UPDATE users SET name = 'Bob'; UPDATE users SET email = 'a@b', name = 'Eve'");
  EXPECT_TRUE(events().empty());
  node_.sql("UPDATE users SET email = NULL");
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(CaptureTest, NothingForWhatIsRolledBack) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert"});
  const auto failed = node_.await(node_.pool().administer(node_.loop(), database::SystemAccess(),
                                                          "INSERT INTO users (id) VALUES (1); "
                                                          "INSERT INTO users (id) VALUES (1)",
                                                          {}));
  EXPECT_FALSE(failed);
  EXPECT_TRUE(events().empty());
}

// Whatever a row holds, its writer does not fail and the event is JSON.
TEST_F(CaptureTest, EveryValueIsJson) {
  node_.sql("CREATE TABLE odd (id INTEGER PRIMARY KEY, a ANY) STRICT");
  node_.deploy("f", {"table:odd:insert"});
  for (const auto& [value, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"x'00ff10'", R"("\\x00ff10")"},
           {"x''", R"("\\x")"},
           {"9e999", R"("Inf")"},
           {"-9e999", R"("-Inf")"},
           {"9223372036854775807", "9223372036854775807"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"1.5", "1.5"},
           {"NULL", "null"},
           {"'a\"\\ ' || char(10, 9, 1) || 'ä'", R"("a\"\\ \n\t\u0001ä")"},
           {"'{\"a\":1}'", R"("{\"a\":1}")"},
           {"json('[1]')", R"("[1]")"}}) {
    node_.sql(fmt::format("INSERT INTO odd (a) VALUES ({})", value));
    const auto all = events();
    ASSERT_EQ(all.size(), 1U) << value;
    EXPECT_EQ(all[0].at("new").at("a"), json::parse(expected)) << value;
    forget();
  }
}

TEST_F(CaptureTest, KeysOfEveryKindHaveALane) {
  node_.sql(
      "CREATE TABLE two (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (b, a)) STRICT;"
      "CREATE TABLE none (a TEXT) STRICT;"
      "CREATE TABLE clustered (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
      "CREATE TABLE nullable (a TEXT PRIMARY KEY)");
  node_.deploy("f", {"table:two:insert", "table:none:insert,delete", "table:clustered:insert",
                     "table:nullable:insert"});
  node_.sql(
      "INSERT INTO two VALUES ('x', 1, 'c'); INSERT INTO none VALUES ('a'), ('a');"
      "DELETE FROM none WHERE rowid = 2; INSERT INTO clustered VALUES ('k');"
      "INSERT INTO nullable VALUES (NULL), (NULL)");
  EXPECT_EQ(lanes(),
            (std::vector<std::string>{R"(two[1,"x"])", "none[1]", "none[2]", "none[2]",
                                      R"(clustered["k"])", "nullable[null]", "nullable[null]"}));
}

TEST_F(CaptureTest, NamesMayBeAnything) {
  node_.sql(R"(CREATE TABLE plain ("a ""b" TEXT, "order" TEXT, "it's" TEXT, "ü" TEXT))");
  node_.deploy("f", {"table:plain:insert,update"});
  node_.sql(R"(INSERT INTO plain VALUES ('1', '2', '3', '4'); UPDATE plain SET "order" = '5')");
  const auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].at("new"), json::parse(R"({"a \"b":"1","order":"5","it's":"3","ü":"4"})"));
}

TEST_F(CaptureTest, WideTablesAreWhole) {
  std::string columns = "id INTEGER PRIMARY KEY";
  for (int i = 0; i < 300; ++i) columns += fmt::format(", c{} TEXT", i);
  node_.sql(fmt::format("CREATE TABLE wide ({}) STRICT", columns));
  node_.deploy("f", {"table:wide:insert,update"});
  node_.sql("INSERT INTO wide (id, c0, c59, c60, c299) VALUES (1, 'a}', '}', '{', 'z}}')");
  node_.sql("UPDATE wide SET c150 = 'm'");
  const auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].at("new").as_object().size(), 301U);
  EXPECT_EQ(all[1].at("old").at("c0"), "a}");
  EXPECT_EQ(all[1].at("old").at("c59"), "}");
  EXPECT_EQ(all[1].at("new").at("c60"), "{");
  EXPECT_EQ(all[1].at("new").at("c299"), "z}}");
  EXPECT_EQ(all[1].at("new").at("c150"), "m");
}

TEST_F(CaptureTest, ARowTooLargeIsCapturedWithoutItsLongValues) {
  node_.sql("CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, body ANY) STRICT");
  node_.deploy("f", {"table:files:insert,update"});
  node_.sql("INSERT INTO files VALUES (1, 'one', printf('%.1000000c', 'x'))");
  node_.sql("UPDATE files SET name = 'two'");
  auto all = events();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].at("new").at("body").as_string().size(), 1'000'000U) << "1 MB rows are whole";
  forget();
  for (const char* const body : {"zeroblob(6000000)", "printf('%.6000000c', char(1))"}) {
    node_.sql(fmt::format("UPDATE files SET body = {}", body));
    all = events();
    ASSERT_EQ(all.size(), 1U) << body;
    EXPECT_TRUE(all[0].at("truncated").as_bool());
    EXPECT_TRUE(all[0].at("new").at("body").is_null());
    EXPECT_EQ(all[0].at("new").at("name"), "two");
    forget();
  }
}

TEST_F(CaptureTest, ReplaceIsADeleteAndAnInsert) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert,delete"});
  node_.sql(
      "INSERT INTO users (id, name) VALUES (1, 'a');"
      "INSERT OR REPLACE INTO users (id, name) VALUES (1, 'b')");
  const auto all = events();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].at("operation"), "DELETE");
  EXPECT_EQ(all[1].at("old").at("name"), "a");
  EXPECT_EQ(all[2].at("operation"), "INSERT");
  EXPECT_EQ(all[2].at("new").at("name"), "b");
}

TEST_F(CaptureTest, AConditionDecides) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert,update,delete when new.name = 'yes' or (old.name = 'was' "
                     "and new.name is distinct from 'was')"});
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'yes'), (2, 'no'), (3, 'was')");
  EXPECT_EQ(events().size(), 1U);
  node_.sql("UPDATE users SET email = 'e'");
  EXPECT_EQ(events().size(), 2U);
  node_.sql("UPDATE users SET name = 'no' WHERE id = 3; DELETE FROM users");
  ASSERT_EQ(events().size(), 3U);
  EXPECT_EQ(events()[2].at("old").at("name"), "was");
}

// The chain ends as a dead letter, not in the writer's failure.
TEST_F(CaptureTest, AChainOfEventsEnds) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert"});
  const auth::Principal writer{auth::Role::kServiceRole, "", R"({"role":"service_role"})"};
  ASSERT_TRUE(node_.run_as(writer, "INSERT INTO users (name) VALUES ('a')", kMaxDepth - 1));
  ASSERT_TRUE(node_.run_as(writer, "INSERT INTO users (name) VALUES ('b')", kMaxDepth));
  const auto list = *node_.await(node_.outbox().list(node_.loop(), {}));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].state, EventState::kDead);
  EXPECT_EQ(list[1].state, EventState::kPending);
  EXPECT_EQ(list[1].depth, kMaxDepth);
}

TEST_F(CaptureTest, TheWriterIsKnown) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert"});
  const auth::Principal ann{auth::Role::kAuthenticated, "ann",
                            R"({"role":"authenticated","sub":"ann"})"};
  ASSERT_TRUE(node_.run_as(ann, "INSERT INTO users (name) VALUES ('by ann')", 2));
  node_.sql("INSERT INTO users (name) VALUES ('by nobody')");
  const auto list = *node_.await(node_.outbox().list(node_.loop(), {}));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_FALSE(list[0].writer);
  EXPECT_EQ(list[0].depth, 1);
  ASSERT_TRUE(list[1].writer);
  EXPECT_EQ(list[1].writer->role, auth::Role::kAuthenticated);
  EXPECT_EQ(list[1].writer->user_id, "ann");
  EXPECT_EQ(list[1].writer->claims_json, ann.claims_json);
  EXPECT_EQ(list[1].depth, 3);
}

TEST_F(CaptureTest, FollowsItsTable) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert"});
  node_.sql(
      "ALTER TABLE users ADD COLUMN age INTEGER; ALTER TABLE users RENAME COLUMN name TO nick");
  node_.sql("INSERT INTO users (nick, age) VALUES ('between', 1)");
  EXPECT_EQ(events().size(), 1U) << "no change is missed before the capture is made anew";
  node_.reconcile();
  node_.sql("INSERT INTO users (nick, age) VALUES ('a', 2)");
  EXPECT_EQ(events()[1].at("new"), json::parse(R"({"id":2,"nick":"a","email":null,"age":2})"));
  node_.sql("DROP TABLE users");
  node_.reconcile();
  EXPECT_EQ(node_.number("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 0);
  node_.sql(kUsers);
  node_.reconcile();
  node_.sql("INSERT INTO users (name) VALUES ('again')");
  EXPECT_EQ(events().size(), 3U);
}

TEST_F(CaptureTest, ADeploymentChangesAndRemovesIt) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert"});
  const auto id = node_.number("SELECT id FROM _roost_trigger");
  node_.deploy("f", {"table:users:insert with attempts=2 when new.id > 1"});
  EXPECT_EQ(node_.number("SELECT id FROM _roost_trigger"), id) << "the same trigger, changed";
  EXPECT_EQ(node_.number("SELECT max_attempts FROM _roost_trigger"), 2);
  EXPECT_EQ(node_.number("SELECT version FROM _roost_trigger"), 2);
  node_.deploy("f", {"http"});
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_trigger"), 0);
  EXPECT_FALSE(node_.installer().fires()) << "no commit needs to be looked at";
  node_.deploy("f", {"cron:* * * * *"});
  EXPECT_TRUE(node_.installer().fires()) << "a tick's commit does";
  node_.deploy("f", {"table:users:insert"});
  EXPECT_GT(node_.number("SELECT id FROM _roost_trigger"), id) << "events of the old one may wait";
}

}  // namespace
}  // namespace triggers
