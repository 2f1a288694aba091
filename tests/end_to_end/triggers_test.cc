// Functions that rows and the clock fire, with the real program and writers outside it.
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

#ifdef ROOST_SANITIZED
constexpr std::chrono::milliseconds kSoon{1000};
#else
constexpr std::chrono::milliseconds kSoon{100};
#endif

constexpr auto kUsers =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT) STRICT;";
constexpr auto kProfiles =
    "CREATE TABLE profiles (id INTEGER PRIMARY KEY, user_id INTEGER, name TEXT, "
    "event TEXT UNIQUE) STRICT; GRANT SELECT, INSERT ON profiles TO service_role;";

std::vector<json::object> entries_of(const ServerProcess& server, const std::string& function) {
  std::vector<json::object> entries;
  for (const std::string& line : server.entries(function)) {
    entries.push_back(json::parse(line).as_object());
  }
  return entries;
}

// The events that `on_event` and `poison` have logged, oldest first.
std::vector<json::object> events_of(const ServerProcess& server, const std::string& function) {
  std::vector<json::object> events;
  for (const json::object& entry : entries_of(server, function)) {
    for (const json::value& line : entry.at("lines").as_array()) {
      const std::string_view text = line.as_string();
      const auto brace = text.find('{');
      if (brace != std::string_view::npos) {
        events.push_back(json::parse(text.substr(brace)).as_object());
      }
    }
  }
  return events;
}

TEST(EndToEnd, DatabaseTrigger) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.sql(kUsers);
  server.sql(kProfiles);
  server.deploy("profile", {"--trigger", "table:users:insert"});
  Outsider shell(folder / "data" / "data.db");
  shell.run("INSERT INTO users (name) VALUES ('warm up')");
  ASSERT_TRUE(eventually([&] { return shell.one("SELECT count(*) FROM profiles") == "1"; }));

  const auto committed = Clock::now();
  shell.run("INSERT INTO users (name) VALUES ('Ann')");
  ASSERT_TRUE(eventually([&] { return shell.one("SELECT count(*) FROM profiles") == "2"; }));
  const auto took = Clock::now() - committed;
  EXPECT_LT(took, kSoon) << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                         << " ms";
  EXPECT_EQ(shell.one("SELECT name FROM profiles ORDER BY id DESC"), "Ann");
  ASSERT_TRUE(eventually([&] { return shell.one("SELECT count(*) FROM _roost_event") == "0"; }));
  EXPECT_EQ(shell.one("SELECT count(*) FROM profiles"), "2") << "exactly one";
  const auto entries = entries_of(server, "profile");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.back().at("trigger"), "database");
  EXPECT_EQ(entries.back().at("status"), "success");
}

TEST(EndToEnd, Schedule) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("on_event", {"--trigger", "cron:* * * * *"});
  ASSERT_TRUE(
      eventually([&] { return !events_of(server, "on_event").empty(); }, std::chrono::seconds(61)));
  EXPECT_EQ(entries_of(server, "on_event").front().at("trigger"), "schedule");
  const json::object event = events_of(server, "on_event").front();
  EXPECT_EQ(event.at("trigger"), "schedule");
  EXPECT_EQ(event.at("cron"), "* * * * *");
  EXPECT_TRUE(event.at("scheduled_time").as_string().ends_with(":00.000Z"));
  EXPECT_TRUE(event.contains("actual_time"));
}

class AfterCommit : public ::testing::Test {
 protected:
  AfterCommit() {
    server_.sql(kUsers);
    server_.deploy("on_event", {"--trigger", "table:users:insert,update(name),delete"});
  }
  std::vector<json::object> settled(std::size_t count) {
    EXPECT_TRUE(eventually([&] {
      return shell_.one("SELECT count(*) FROM _roost_event") == "0" &&
             events_of(server_, "on_event").size() >= count;
    }));
    return events_of(server_, "on_event");
  }

  database::TestFolder folder_;
  ServerProcess server_{folder_ / "data"};
  Outsider shell_{folder_ / "data" / "data.db"};
};

TEST_F(AfterCommit, NeverForARollback) {
  shell_.run("BEGIN; INSERT INTO users (name) VALUES ('never'); ROLLBACK");
  shell_.run(
      "BEGIN; INSERT INTO users (name) VALUES ('one'); SAVEPOINT s; "
      "INSERT INTO users (name) VALUES ('undone'); ROLLBACK TO s; RELEASE s; COMMIT");
  const auto events = settled(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].at("new").at("name"), "one");
}

TEST_F(AfterCommit, NotBeforeTheCommit) {
  shell_.run("BEGIN IMMEDIATE; INSERT INTO users (name) VALUES ('waiting')");
  const auto end = Clock::now() + std::chrono::milliseconds(200);
  while (Clock::now() < end) ASSERT_TRUE(events_of(server_, "on_event").empty());
  shell_.run("COMMIT");
  EXPECT_EQ(settled(1).size(), 1U);
}

TEST_F(AfterCommit, SaysWhatChanged) {
  shell_.run("INSERT INTO users (id, name, email) VALUES (7, 'a\"b', NULL)");
  shell_.run("UPDATE users SET email = 'x' WHERE id = 7");  // not a column that is listened to
  shell_.run("UPDATE users SET name = name WHERE id = 7");  // no change
  shell_.run("UPDATE users SET name = 'c' WHERE id = 7");
  shell_.run("DELETE FROM users");
  const auto events = settled(3);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].at("operation"), "INSERT");
  EXPECT_EQ(events[0].at("table"), "users");
  EXPECT_TRUE(events[0].at("old").is_null());
  EXPECT_EQ(events[0].at("new"), json::parse(R"({"id":7,"name":"a\"b","email":null})"));
  EXPECT_EQ(events[1].at("operation"), "UPDATE");
  EXPECT_EQ(events[1].at("old").at("name"), "a\"b");
  EXPECT_EQ(events[1].at("new").at("name"), "c");
  EXPECT_EQ(events[1].at("new").at("email"), "x");
  EXPECT_EQ(events[2].at("operation"), "DELETE");
  EXPECT_TRUE(events[2].at("new").is_null());
}

TEST_F(AfterCommit, RowsKeepTheirOrder) {
  for (int i = 1; i <= 50; ++i) {
    shell_.run(fmt::format("INSERT INTO users (id, name) VALUES ({0}, '0')", i));
  }
  for (int change = 1; change <= 5; ++change) {
    shell_.run(fmt::format("UPDATE users SET name = '{}'", change));
  }
  std::map<std::int64_t, int> last;
  for (const json::object& event : settled(300)) {
    const auto id = event.at("new").at("id").as_int64();
    const int number = std::stoi(std::string(event.at("new").at("name").as_string()));
    const auto [place, first] = last.try_emplace(id, number);
    EXPECT_EQ(number, first ? 0 : place->second + 1) << "row " << id;
    place->second = number;
  }
  EXPECT_EQ(last.size(), 50U);
}

TEST_F(AfterCommit, FollowsTheTable) {
  server_.sql("ALTER TABLE users ADD COLUMN age INTEGER");
  shell_.run("INSERT INTO users (name, age) VALUES ('Ann', 30)");
  EXPECT_EQ(settled(1).back().at("new").at("age"), 30);
}

// SQLite refuses to drop a column that a capture names.
TEST_F(AfterCommit, LetsAColumnGoWithItsCaptures) {
  const Finished refused = server_.roost({"db", "sql", "ALTER TABLE users DROP COLUMN email"});
  EXPECT_NE(refused.exit, 0);
  EXPECT_NE(refused.err.find("_roost_capture_1_"), std::string::npos) << refused.err;
  server_.sql(
      "DROP TRIGGER _roost_capture_1_insert; DROP TRIGGER _roost_capture_1_update; "
      "DROP TRIGGER _roost_capture_1_delete; ALTER TABLE users DROP COLUMN email");
  shell_.run("INSERT INTO users (name) VALUES ('Ann')");
  const auto all = settled(1);
  EXPECT_FALSE(all.back().at("new").as_object().contains("email"));
  EXPECT_EQ(all.back().at("new").at("name"), "Ann");
}

TEST(Triggers, APoisonEventHoldsBackOnlyItsRow) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.sql(kUsers);
  server.deploy("poison", {"--trigger", "table:users:insert,update"});
  Outsider shell(folder / "data" / "data.db");
  shell.run("UPDATE _roost_trigger SET first_delay_ms = 10, longest_delay_ms = 20");
  shell.run("INSERT INTO users (id, name) VALUES (1, 'bad'), (2, 'good')");
  shell.run("DELETE FROM users WHERE id = 1; INSERT INTO users (id, name) VALUES (1, 'later')");
  ASSERT_TRUE(eventually([&] {
    return shell.column("SELECT state FROM _roost_delivery") == std::vector<std::string>{"2"};
  })) << shell.one("SELECT group_concat(state || ' ' || attempt) FROM _roost_delivery");
  EXPECT_EQ(shell.one("SELECT attempt FROM _roost_delivery"), "5");
  EXPECT_EQ(shell.one("SELECT count(*) FROM _roost_attempt"), "5");
  EXPECT_NE(shell.one("SELECT error FROM _roost_attempt").find("TRAP"), std::string::npos);
  EXPECT_NE(shell.one("SELECT lines FROM _roost_attempt").find("bad"), std::string::npos);
  // Row 2 went on, and row 1 too, once its event was dead.
  ASSERT_TRUE(eventually([&] { return events_of(server, "poison").size() == 5U + 2U; }));
  EXPECT_EQ(events_of(server, "poison").back().at("new").at("name"), "later");
}

TEST(Triggers, EventsWaitForTheServer) {
  const database::TestFolder folder;
  {
    ServerProcess server(folder / "data");
    server.sql(kUsers);
    server.deploy("on_event", {"--trigger", "table:users:insert"});
    server.process().signal(SIGTERM);
    EXPECT_EQ(server.process().wait(), 0);
  }
  Outsider shell(folder / "data" / "data.db");
  shell.run("INSERT INTO users (name) VALUES ('while away')");
  ServerProcess server(folder / "data");
  ASSERT_TRUE(eventually([&] { return events_of(server, "on_event").size() == 1; }));
}

TEST(Triggers, ADeletedFunctionLeavesTheTableFree) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.sql(kUsers);
  server.deploy("on_event", {"--trigger", "table:users:insert"});
  Outsider shell(folder / "data" / "data.db");
  EXPECT_EQ(shell.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_roost_capture_%'"),
            "1");
  EXPECT_EQ(server.roost({"delete", "on_event"}).exit, 0);
  EXPECT_EQ(shell.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_roost_capture_%'"),
            "0");
  EXPECT_EQ(shell.one("SELECT count(*) FROM _roost_trigger"), "0");
}

TEST(Triggers, RefusesWhatCannotFire) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.sql(kUsers);
  for (const auto& [trigger, words] :
       {std::pair{"table:nowhere:insert", "there is no table nowhere"},
        std::pair{"table:users:insert(name)", "`insert` takes no columns"},
        std::pair{"cron:0 0 31 2 *", "0 0 31 2 *"}, std::pair{"cron:99 * * * *", "99"}}) {
    const Finished refused = server.roost(
        {"deploy", ROOST_FIXTURES "/on_event.wasm", "--name", "on_event", "--trigger", trigger});
    EXPECT_NE(refused.exit, 0) << trigger;
    EXPECT_NE(refused.err.find(words), std::string::npos) << refused.err;
  }
}

// Neither the rename nor what is told of it is lost over a restart.
TEST(Triggers, ARenameLosesNoEventAndIsSeen) {
  const database::TestFolder folder;
  const auto written = [](ServerProcess& server, std::size_t count) {
    return eventually([&] { return events_of(server, "on_event").size() == count; });
  };
  {
    ServerProcess server(folder / "data");
    server.sql(kUsers);
    server.deploy("on_event", {"--trigger", "table:users:insert,update(email)"});
    server.sql(
        "ALTER TABLE users RENAME COLUMN email TO mail; INSERT INTO users VALUES (1, '', '')");
    ASSERT_TRUE(written(server, 1));
    EXPECT_NE(server.roost({"list"}).err.find("has no column email"), std::string::npos);
  }
  ServerProcess server(folder / "data");
  server.sql("UPDATE users SET mail = 'x'; ALTER TABLE users RENAME TO people");
  server.sql("UPDATE people SET mail = 'y'");
  ASSERT_TRUE(written(server, 3));
  const Finished shown = server.roost({"get", "on_event"});
  EXPECT_NE(shown.out.find("there is no table users; insert and update go on"), std::string::npos)
      << shown.out;
  const Finished refused =
      server.roost({"deploy", ROOST_FIXTURES "/on_event.wasm", "--name", "on_event", "--trigger",
                    "table:people:insert,update(email)"});
  EXPECT_NE(refused.err.find("the table people has no column email"), std::string::npos)
      << refused.err;
  server.deploy("on_event", {"--trigger", "table:people:insert,update(mail)"});
  server.sql("UPDATE people SET mail = 'z'");
  ASSERT_TRUE(written(server, 4));
  EXPECT_EQ(server.roost({"list"}).err, "");
}

// Killed again and again while rows are written: when the dust settles each committed row was
// delivered.
TEST(Triggers, NothingIsLostOverKills) {
  constexpr int kKills = 5;
  const database::TestFolder folder;
  int written = 0;
  {
    ServerProcess server(folder / "data");
    server.sql(kUsers);
    server.sql(kProfiles);
    server.deploy("profile", {"--trigger", "table:users:insert"});
  }
  Outsider shell(folder / "data" / "data.db");
  for (int kill = 0; kill < kKills; ++kill) {
    ServerProcess server(folder / "data");
    for (int i = 0; i < 40 + kill * 7; ++i) {
      shell.run(fmt::format("INSERT INTO users (name) VALUES ('user {}')", ++written));
    }
    server.process().signal(SIGKILL);
    server.process().wait();
  }
  shell.run("UPDATE _roost_delivery SET due_at = 0 WHERE owner IS NOT NULL");
  ServerProcess server(folder / "data");
  ASSERT_TRUE(eventually([&] { return shell.one("SELECT count(*) FROM _roost_event") == "0"; }))
      << shell.one("SELECT group_concat(state) FROM _roost_delivery");
  EXPECT_EQ(shell.one("SELECT count(*) FROM profiles"), std::to_string(written));
  EXPECT_EQ(shell.one("SELECT count(DISTINCT user_id) FROM profiles"), std::to_string(written));
}

}  // namespace
}  // namespace end_to_end
