#include "triggers/outbox.h"

#include <algorithm>

#include "triggers/node_test.h"

namespace triggers {
namespace {

using std::chrono::milliseconds;

class OutboxTest : public NodeTest {
 protected:
  OutboxTest() {
    node_.sql(kUsers);
    node_.deploy("f", {"table:users:insert,update,delete with attempts=2,backoff=1ms"});
  }

  std::vector<Event> claim(Outbox& outbox, std::uint32_t limit = 100,
                           milliseconds lease = milliseconds(60'000)) {
    auto claimed = node_.await(outbox.claim(
        node_.loop(), {.limit = limit, .per_trigger = limit, .busy = {}, .lease = lease}));
    EXPECT_TRUE(claimed);
    return claimed ? claimed->events : std::vector<Event>();
  }
  std::vector<Event> claim() { return claim(node_.outbox()); }

  static Lease lease_of(const Event& event) {
    return {event.id, event.attempt, event.trigger, event.lane};
  }
  std::vector<EventId> settle(Outbox& outbox, const Event& event, bool succeeded) {
    auto dead = node_.await(outbox.settle(
        node_.loop(), {{.lease = lease_of(event), .succeeded = succeeded, .error = "no luck"}}));
    EXPECT_TRUE(dead);
    return dead ? *dead : std::vector<EventId>();
  }
  std::int64_t waiting() { return node_.number("SELECT count(*) FROM _roost_delivery"); }
  // As if the back-off had passed.
  void make_due() { node_.own("UPDATE _roost_delivery SET due_at = 0 WHERE state = 1"); }

  Node node_{folder_};
  Outbox other_{node_.pool(), "another"};
};

TEST_F(OutboxTest, EventsOfARowAreOneAfterAnother) {
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b')");
  node_.sql("UPDATE users SET name = 'c' WHERE id = 1; UPDATE users SET name = 'd' WHERE id = 1");
  auto first = claim();
  ASSERT_EQ(first.size(), 2U) << "one of each row";
  EXPECT_TRUE(claim(other_).empty());
  settle(node_.outbox(), first[0], true);
  auto second = claim();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(second[0].payload.find(R"("new":{"id":1,"name":"c")"), std::string::npos);
  settle(node_.outbox(), second[0], true);
  settle(node_.outbox(), first[1], true);
  auto third = claim();
  ASSERT_EQ(third.size(), 1U);
  EXPECT_NE(third[0].payload.find(R"("name":"d")"), std::string::npos);
  settle(node_.outbox(), third[0], true);
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_event"), 0);
}

TEST_F(OutboxTest, WhoHasLostTheLeaseChangesNothing) {
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  const auto mine = claim(node_.outbox(), 1, milliseconds(-1));
  const auto theirs = claim(other_);
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(theirs[0].attempt, 2);
  EXPECT_EQ(theirs[0].key, mine[0].key) << "the key stays";
  settle(node_.outbox(), mine[0], true);
  settle(node_.outbox(), mine[0], false);
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_attempt"), 0);
  const auto lost =
      node_.await(node_.outbox().renew(node_.loop(), {lease_of(mine[0])}, milliseconds(1)));
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_EQ(lost->front().attempt, mine[0].attempt);
  EXPECT_TRUE(node_.await(other_.renew(node_.loop(), {lease_of(theirs[0])}, milliseconds(60'000)))
                  ->empty());
  settle(other_, theirs[0], true);
  EXPECT_EQ(waiting(), 0);
}

TEST_F(OutboxTest, FailuresBackOffUntilTheyAreDead) {
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  node_.sql("UPDATE users SET name = 'b'");
  auto event = claim().at(0);
  EXPECT_TRUE(settle(node_.outbox(), event, false).empty());
  EXPECT_EQ(node_.number("SELECT failures FROM _roost_delivery WHERE state = 1"), 1);
  make_due();
  event = claim().at(0);
  EXPECT_EQ(event.attempt, 2);
  EXPECT_EQ(settle(node_.outbox(), event, false), std::vector<EventId>{event.id});
  const auto attempts = *node_.await(node_.outbox().attempts(node_.loop(), event.id));
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[1].error, "no luck");
  // What came after it goes on; redelivered, it comes again with its key and a new attempt number.
  EXPECT_EQ(claim().size(), 1U);
  EXPECT_EQ(*node_.await(node_.outbox().redeliver(node_.loop(), {.id = event.id}, false)), 1U);
  EXPECT_TRUE(claim().empty()) << "the later event of its row runs";
  make_due();
  node_.own("UPDATE _roost_delivery SET owner = NULL");
}

TEST_F(OutboxTest, BackOffDoublesUpToItsBound) {
  node_.deploy("f",
               {"table:users:insert,update,delete with attempts=9,backoff=10s,max_backoff=60s"});
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  for (const int expected : {10, 20, 40, 60, 60}) {
    settle(node_.outbox(), claim().at(0), false);
    const auto delay = node_.number("SELECT due_at FROM _roost_delivery") - now_of_database();
    EXPECT_GE(delay, expected * 500 - 1000) << expected;
    EXPECT_LE(delay, expected * 1500 + 1000) << expected;
    make_due();
  }
}

TEST_F(OutboxTest, PostponingIsNoFailure) {
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  const auto event = claim().at(0);
  node_.await(node_.outbox().postpone(node_.loop(), lease_of(event), milliseconds(-1)));
  const auto again = claim().at(0);
  EXPECT_EQ(again.failures, 0);
  EXPECT_GT(again.attempt, event.attempt) << "the fence only grows";
}

TEST_F(OutboxTest, ATriggerHasItsShare) {
  node_.deploy("g", {"table:users:insert"});
  node_.sql("INSERT INTO users (name) VALUES ('a'), ('b'), ('c')");
  const auto shared = *node_.await(node_.outbox().claim(
      node_.loop(), {.limit = 100, .per_trigger = 1, .busy = {}, .lease = milliseconds(60'000)}));
  EXPECT_EQ(shared.events.size(), 2U) << "one of each trigger";
  const auto busy =
      *node_.await(node_.outbox().claim(node_.loop(), {.limit = 100,
                                                       .per_trigger = 100,
                                                       .busy = {shared.events[0].trigger},
                                                       .lease = milliseconds(60'000)}));
  ASSERT_EQ(busy.events.size(), 2U);
  EXPECT_EQ(busy.events[0].trigger, shared.events[1].trigger);
  EXPECT_EQ(claim(node_.outbox(), 1).size(), 1U);
}

TEST_F(OutboxTest, OneClaimBringsABoundedAmountIntoMemory) {
  node_.sql(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) "
      "INSERT INTO users (name) SELECT printf('%.1000000c', 'x') FROM n");
  const auto some = claim();
  EXPECT_GT(some.size(), 20U);
  EXPECT_LT(some.size(), 40U);
  std::size_t bytes = 0;
  for (const Event& event : some) bytes += event.payload.size();
  EXPECT_LE(bytes, 33U << 20U);
}

TEST_F(OutboxTest, AnEndedProcessLeavesItsLeasesToOthers) {
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_EQ(claim().size(), 1U);
  EXPECT_TRUE(claim(other_).empty());
  ASSERT_TRUE(node_.await(node_.outbox().release(node_.loop())));
  EXPECT_EQ(claim(other_).size(), 1U);
}

TEST_F(OutboxTest, SaysWhenTheNextIsDue) {
  EXPECT_FALSE(
      node_.await(node_.outbox().claim(node_.loop(), {.limit = 1, .per_trigger = 1}))->next);
  ASSERT_TRUE(node_.await(node_.outbox().add(node_.loop(), "f", R"({"trigger":"schedule"})",
                                             now_of_database() + 5000)));
  const auto claimed =
      node_.await(node_.outbox().claim(node_.loop(), {.limit = 1, .per_trigger = 1}));
  EXPECT_TRUE(claimed->events.empty());
  ASSERT_TRUE(claimed->next);
  EXPECT_GT(*claimed->next, milliseconds(3000));
  EXPECT_LE(*claimed->next, milliseconds(5000));
}

// It waits from its time on, not since somebody asked for it.
TEST_F(OutboxTest, ARunOfLaterWasAskedForNow) {
  const auto oldest = [this] {
    return node_.await(node_.outbox().stats(node_.loop()))->front().oldest;
  };
  const Milliseconds before = now_of_database();
  const auto add = [this](Milliseconds at) {
    const std::string json = R"({"trigger":"schedule","scheduled_time":")" + utc_text(at) + "\"}";
    ASSERT_TRUE(node_.await(node_.outbox().add(node_.loop(), "g", json, at)));
  };
  add(before + 5'000);
  const Event later = node_.await(node_.outbox().list(node_.loop(), {}))->front();
  EXPECT_GE(later.created_at, before);
  EXPECT_LE(later.created_at, now_of_database());
  EXPECT_EQ(later.waits_from, before + 5'000);
  EXPECT_EQ(oldest(), std::nullopt) << "nothing waits yet";
  node_.own("DELETE FROM _roost_event");
  node_.own("DELETE FROM _roost_delivery");
  add(before - 5'000);
  EXPECT_GE(oldest(), before);
  const Event late = node_.await(node_.outbox().list(node_.loop(), {}))->front();
  EXPECT_GE(late.waits_from, before);
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'a')");
  const Event change = node_.await(node_.outbox().list(node_.loop(), {}))->front();
  EXPECT_EQ(change.waits_from, change.created_at);
}

TEST_F(OutboxTest, DiscardingFreesTheRow) {
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'a')");
  node_.sql("UPDATE users SET name = 'b'");
  const auto list = *node_.await(node_.outbox().list(node_.loop(), {}));
  ASSERT_EQ(list.size(), 2U) << "newest first";
  EXPECT_GT(list[0].id, list[1].id);
  EXPECT_EQ(*node_.await(node_.outbox().blocker(node_.loop(), list[0].id)), list[1].id);
  EXPECT_EQ(*node_.await(node_.outbox().blocker(node_.loop(), list[1].id)), std::nullopt);
  EXPECT_EQ(*node_.await(node_.outbox().discard(node_.loop(), {.id = list[1].id})), 1U);
  const auto left = claim();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, list[0].id);
  // It runs: to discard it would not stop it.
  EXPECT_EQ(*node_.await(node_.outbox().discard(node_.loop(), {})), 0U);
}

TEST_F(OutboxTest, CountsAndFilters) {
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  settle(node_.outbox(), claim(node_.outbox(), 1).at(0), false);
  make_due();
  settle(node_.outbox(), claim(node_.outbox(), 1).at(0), false);
  claim(node_.outbox(), 1);
  const auto stats = *node_.await(node_.outbox().stats(node_.loop()));
  ASSERT_EQ(stats.size(), 1U);
  EXPECT_EQ(stats[0].function, "f");
  EXPECT_EQ(stats[0].pending + stats[0].leased + stats[0].dead, 3U);
  EXPECT_EQ(stats[0].leased, 1U);
  ASSERT_TRUE(stats[0].oldest);
  for (const auto& [state, count] : {std::pair{EventState::kPending, stats[0].pending},
                                     {EventState::kLeased, stats[0].leased},
                                     {EventState::kDead, stats[0].dead},
                                     {EventState::kDelivered, std::uint64_t{0}}}) {
    const auto list = *node_.await(node_.outbox().list(node_.loop(), {.state = state}));
    EXPECT_EQ(list.size(), count) << name_of(state);
    for (const Event& event : list) EXPECT_EQ(event.state, state);
    EXPECT_EQ(state_named(name_of(state)), state);
  }
  EXPECT_TRUE(node_.await(node_.outbox().list(node_.loop(), {.function = "g"}))->empty());
  EXPECT_EQ(state_named("lost"), std::nullopt);
}

TEST_F(OutboxTest, DeliveredOnesAreKeptWhereThatIsAskedFor) {
  Outbox keeping(node_.pool(), "keeping", {.keep_delivered = std::chrono::hours(1)});
  node_.deploy("f", {"table:users:insert,update,delete"});
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  settle(keeping, claim(keeping).at(0), true);
  const auto kept = *node_.await(keeping.list(node_.loop(), {.state = EventState::kDelivered}));
  ASSERT_EQ(kept.size(), 1U);
  node_.deploy("f", {"table:users:insert,update,delete"});
  EXPECT_EQ(*node_.await(keeping.redeliver(node_.loop(), {.id = kept[0].id}, true)), 1U);
  const auto again = claim(keeping).at(0);
  EXPECT_EQ(again.version, 2) << "of the three, the one that was current";
  settle(keeping, again, true);
  ASSERT_TRUE(node_.await(keeping.sweep(node_.loop())));
  EXPECT_EQ(waiting(), 1);
  node_.own("UPDATE _roost_delivery SET due_at = due_at - 3700000");
  ASSERT_TRUE(node_.await(keeping.sweep(node_.loop())));
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_event"), 0);
}

// The cost of a claim is that of what it claims: a row that waits behind itself a thousand times is
// not looked at a thousand times.
TEST_F(OutboxTest, ALongLaneIsNotSearched) {
  node_.sql("INSERT INTO users (id, name) VALUES (1, '0')");
  node_.sql(
      "CREATE TABLE numbers (i INTEGER PRIMARY KEY) STRICT; WITH RECURSIVE n(i) AS (SELECT 1 "
      "UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO numbers SELECT i FROM n; "
      "CREATE TRIGGER again AFTER INSERT ON numbers BEGIN UPDATE users SET name = new.i; END;"
      "INSERT INTO numbers SELECT i + 2000 FROM numbers");
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 1"), 1);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 0"), 2000);
  for (int i = 0; i < 3; ++i) {
    const auto events = claim();
    ASSERT_EQ(events.size(), 1U);
    settle(node_.outbox(), events[0], true);
  }
}

}  // namespace
}  // namespace triggers
