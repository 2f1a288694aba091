#include "triggers/installer.h"

#include <algorithm>

#include "triggers/node_test.h"

namespace triggers {
namespace {

class InstallerTest : public NodeTest {
 protected:
  static catalog::Config config_of(const std::string& name, const std::string& trigger) {
    catalog::Config config;
    config.name = name;
    config.triggers = {*catalog::Trigger::parse(trigger)};
    return config;
  }
  std::string refusal(const std::string& trigger) {
    const auto checked =
        node_.await(node_.installer().check(node_.loop(), config_of("f", trigger)));
    if (checked) return "";
    EXPECT_EQ(checked.error().code, base::Code::kInvalidArgument);
    return checked.error().message;
  }
  // In the registry without a look, as one that was sound when it was deployed.
  void store(const std::string& name, const std::string& trigger) {
    ASSERT_TRUE(node_.registry().create(config_of(name, trigger), "module"));
  }
  // What the functions are told of, each `function: reason`.
  std::vector<std::string> faults() {
    std::vector<std::string> all;
    for (const auto& each : node_.installer().faults()) {
      all.push_back(each.function + ": " + each.reason);
    }
    return all;
  }
  std::int64_t events_of(const std::string& function) {
    return node_.number("SELECT count(*) FROM _roost_event WHERE function = '" + function + "'");
  }

  Node node_{folder_};
};

TEST_F(InstallerTest, RefusesWhatCannotBeCaptured) {
  node_.sql(kUsers);
  node_.sql(
      "CREATE VIEW seen AS SELECT * FROM users; CREATE VIRTUAL TABLE ft USING fts5(body);"
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)");
  for (const auto& [trigger, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"table:users:insert(name)", "`insert` takes no columns"},
           {"table:users:update,delete(name)", "`delete` takes no columns"},
           {"table:users:update(nope)", "the table users has no column nope"},
           {"table:seen:insert", "seen is a view"},
           {"table:ft:insert", "ft is a virtual table"},
           {"table:ft_data:insert", "ft_data is a shadow table"},
           {"table:sqlite_sequence:insert", "sqlite_sequence is a system table"},
           {"table:sqlite_schema:insert", "sqlite_schema is a system table"},
           {"table:_roost_event:insert", "there is no table _roost_event"},
           {"table:none:insert", "there is no table none"}}) {
    EXPECT_NE(refusal(trigger).find(words), std::string::npos)
        << trigger << ": " << refusal(trigger);
    EXPECT_TRUE(refusal(trigger).starts_with(std::string("the trigger `") + trigger + "`: "))
        << refusal(trigger);
  }
  EXPECT_EQ(refusal("table:USERS:insert,update(Name),delete"), "");
}

TEST_F(InstallerTest, RefusesAConditionOnARowThatIsNotThere) {
  node_.sql(kUsers);
  EXPECT_EQ(refusal("table:users:insert when old.id = 1"),
            "the trigger `table:users:insert when old.id = 1`: an insert has no `old` row: name a "
            "column as new.NAME");
  EXPECT_NE(
      refusal("table:users:delete when old.id = 1 or new.id = 1").find("a delete has no `new`"),
      std::string::npos);
  EXPECT_EQ(refusal("table:users:insert when new.name = 'old.id'"), "");
  EXPECT_EQ(refusal("table:users:delete when old.id = 1"), "");
  EXPECT_EQ(refusal("table:users:update when old.id = 1 or new.id = 1"), "");
  EXPECT_EQ(refusal("table:users:insert,update when old.id is null"), "") << "an insert, then";
}

TEST_F(InstallerTest, WhatCannotBeInstalledLeavesTheOthersInPeace) {
  node_.sql(kUsers);
  node_.sql("CREATE VIRTUAL TABLE ft USING fts5(body)");
  store("columns", "table:users:insert(name)");
  store("virtual", "table:ft:insert");
  store("gone", "table:gone:insert");
  node_.deploy("good", {"table:users:insert", "cron:@daily"});
  node_.sql("INSERT INTO users (name) VALUES ('a'); INSERT INTO ft VALUES ('b')");
  EXPECT_EQ(events_of("good"), 1);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_schedule"), 1);
  const auto all = faults();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].find("columns: `insert` takes no columns"), 0U) << all[0];
  EXPECT_EQ(all[1].find("gone: there is no table gone"), 0U) << all[1];
  EXPECT_EQ(all[2].find("virtual: ft is a virtual table"), 0U) << all[2];
  EXPECT_EQ(node_.installer().faults()[0].trigger, "table:users:insert(name)");
  ASSERT_TRUE(node_.registry().remove("columns"));
  ASSERT_TRUE(node_.registry().remove("virtual"));
  node_.sql("CREATE TABLE gone (id INTEGER PRIMARY KEY)");
  node_.reconcile();
  EXPECT_TRUE(faults().empty());
  node_.sql("INSERT INTO gone VALUES (1)");
  EXPECT_EQ(events_of("gone"), 1);
}

// Nobody foresees every reason.
TEST_F(InstallerTest, NorDoesWhatTheDatabaseRefuses) {
  node_.sql(kUsers);
  node_.deploy("early", {"table:users:insert"});
  node_.own(
      "CREATE TRIGGER refuses BEFORE INSERT ON _roost_trigger WHEN NEW.function = 'bad' BEGIN "
      "SELECT RAISE(ABORT, 'not this one'); END");
  store("bad", "table:users:delete");
  node_.deploy("late", {"table:users:insert"});
  node_.deploy("early", {"http"});
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  EXPECT_EQ(events_of("late"), 1);
  EXPECT_EQ(events_of("early"), 0) << "what is to go is gone all the same";
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_NE(faults()[0].find("bad: "), std::string::npos) << faults()[0];
  EXPECT_NE(faults()[0].find("not this one"), std::string::npos) << faults()[0];
  node_.own("DROP TRIGGER refuses");
  node_.reconcile();
  EXPECT_TRUE(faults().empty());
  node_.sql("DELETE FROM users");
  EXPECT_EQ(events_of("bad"), 1);
}

// SQLite renames what stands; as it was deployed the trigger could not be made anew.
TEST_F(InstallerTest, ARenamedColumnLosesNoEvent) {
  node_.sql("CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, status TEXT) STRICT");
  node_.deploy("f", {"table:orders:insert,update(status)"});
  node_.deploy("g", {"table:orders:insert when new.total > 10"});
  node_.sql(
      "ALTER TABLE orders RENAME COLUMN status TO state;"
      "ALTER TABLE orders RENAME COLUMN total TO sum");
  node_.reconcile();
  node_.sql(
      "INSERT INTO orders (sum, state) VALUES (20, 'new'), (5, 'new');"
      "UPDATE orders SET state = 'paid' WHERE sum = 5; UPDATE orders SET sum = 6 WHERE sum = 5");
  EXPECT_EQ(events_of("f"), 3);
  EXPECT_EQ(events_of("g"), 1);
  const auto all = faults();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0],
            "f: the table orders has no column status; insert and update go on as they were "
            "deployed, and events have the names of then: deploy the function with today's names");
  EXPECT_NE(all[1].find("no column total; insert goes on"), std::string::npos) << all[1];
  node_.deploy("f", {"table:orders:insert,update(state)"});
  node_.sql("INSERT INTO orders (sum, state) VALUES (1, 'last')");
  EXPECT_EQ(node_.text("SELECT payload ->> '$.new.state' FROM _roost_event ORDER BY id DESC"),
            "last");
  EXPECT_EQ(events_of("f"), 4) << "and only once";
  EXPECT_EQ(faults().size(), 1U);
}

TEST_F(InstallerTest, ARenamedTableLosesNoEvent) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert,delete"});
  node_.sql("ALTER TABLE users RENAME TO people");
  node_.reconcile();
  node_.sql("INSERT INTO people (name) VALUES ('a')");
  EXPECT_EQ(events_of("f"), 1);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_EQ(faults()[0].find("f: there is no table users; insert and delete go on"), 0U)
      << faults()[0];
  node_.sql(kUsers);
  node_.reconcile();
  node_.sql("INSERT INTO people (name) VALUES ('b'); INSERT INTO users (name) VALUES ('c')");
  EXPECT_EQ(events_of("f"), 2) << "a new table of that name is the one that is meant";
  EXPECT_TRUE(faults().empty());
}

// The usual way to change a table that SQLite cannot alter.
TEST_F(InstallerTest, WhatATableDoesNotHaveKeepsNothingElseBack) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert,update(email)"});
  node_.sql("DROP TABLE users; CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
  node_.reconcile();
  node_.sql("INSERT INTO users (name) VALUES ('a'); UPDATE users SET name = 'b'");
  EXPECT_EQ(events_of("f"), 1);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_EQ(faults()[0],
            "f: the table users has no column email; update is not captured: mend the table, or "
            "deploy the function with a trigger that fits it");
}

// What was deployed since is not what stands.
TEST_F(InstallerTest, NoOtherConditionIsKept) {
  node_.sql(kUsers);
  node_.deploy("f", {"table:users:insert when new.name = 'a'"});
  node_.sql("ALTER TABLE users RENAME COLUMN name TO nick");
  node_.deploy("f", {"table:users:insert when new.nick = 'b'"});
  ASSERT_TRUE(node_.registry().rollback("f", 1));
  node_.reconcile();
  node_.sql("INSERT INTO users (nick) VALUES ('b')");
  EXPECT_EQ(events_of("f"), 0);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_NE(faults()[0].find("insert is not captured"), std::string::npos) << faults()[0];
}

}  // namespace
}  // namespace triggers
