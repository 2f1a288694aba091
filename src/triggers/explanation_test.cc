#include "triggers/explanation.h"

#include <gtest/gtest.h>

#include "triggers/node_test.h"

namespace triggers {
namespace {

Circumstances change(EventState state) {
  Circumstances all;
  all.event.id = 7;
  all.event.trigger = 1;
  all.event.function = "f";
  all.event.payload = R"({"trigger":"database"})";
  all.event.state = state;
  all.event.attempt = 2;
  all.event.due_at = 5'000;
  all.trigger = "table:users:insert";
  all.now = 3'000;
  return all;
}

void expect_words(const Circumstances& all, std::string_view words) {
  EXPECT_NE(explain(all).find(words), std::string::npos) << explain(all);
}

TEST(Explanation, SaysWhatTheEventIs) {
  Circumstances all = change(EventState::kPending);
  expect_words(all, "Event 7 is a change of `table:users:insert`, for the function `f`.\n");
  all.trigger = "";
  expect_words(all, "a change of a trigger that is no longer deployed");
  all.event.payload = R"({"trigger":"schedule","cron":"@daily"})";
  expect_words(all, "is a tick");
  all.event.trigger = 0;
  expect_words(all, "Event 7 is a single run of `f` that was asked for.");
}

TEST(Explanation, OfWhatIsToCome) {
  Circumstances all = change(EventState::kPending);
  expect_words(all, "It runs at 1970-01-01T00:00:05.000Z (in 2.00 s).");
  all.event.failures = 1;
  all.max_attempts = 3;
  all.attempts = {{2, 1'000, "", "TRAP: unreachable\n  in handle", "[]"}};
  expect_words(all,
               "Attempt 2 failed at 1970-01-01T00:00:01.000Z (2.00 s ago): TRAP: unreachable\nIt "
               "is tried again at 1970-01-01T00:00:05.000Z (in 2.00 s); failure 1 of at most 3.");
  all.event.due_at = 2'000;
  expect_words(all, "It is due since 1970-01-01T00:00:02.000Z (1.00 s ago)");
}

TEST(Explanation, DistancesAreForPeople) {
  constexpr Milliseconds kHour = 3'600'000;
  Circumstances all = change(EventState::kPending);
  all.now = 0;
  for (const auto& [due, words] : std::initializer_list<std::pair<Milliseconds, const char*>>{
           {119'000, "(in 119.00 s)"},
           {120'000, "(in 2 minutes)"},
           {2 * kHour - 1, "(in 119 minutes)"},
           {2 * kHour, "(in 2 hours)"},
           {48 * kHour - 1, "(in 47 hours)"},
           {48 * kHour, "(in 2 days)"},
           {2'278'078'237'240, "2042-03-10T15:30:37.240Z (in 26366 days)"}}) {
    all.event.due_at = due;
    expect_words(all, words);
  }
}

TEST(Explanation, OfWhatHoldsItBack) {
  Circumstances all = change(EventState::kPending);
  all.enabled = false;
  expect_words(all, "within seconds of `roost enable f`");
  all.deployed = false;
  expect_words(all, "The function `f` has been deleted: the event dies");
  Event blocker;
  blocker.id = 5;
  blocker.due_at = 9'000;
  all.blocker = blocker;
  expect_words(all, "It waits for event 5, an earlier one of the same row, which is due at 1970-");
  all.blocker->state = EventState::kLeased;
  all.blocker->attempt = 3;
  expect_words(all, "which runs now, its attempt 3.");
}

TEST(Explanation, OfWhatIsOrWas) {
  expect_words(change(EventState::kLeased), "Attempt 2 is under way.");
  expect_words(change(EventState::kDelivered), "It was delivered by attempt 2, at 1970-");
  Circumstances all = change(EventState::kDead);
  all.event.failures = 5;
  all.attempts = {{6, 1'000, "", "NOT_FOUND: gone", "[]"}};
  expect_words(all, "Attempt 6 failed at 1970-01-01T00:00:01.000Z (2.00 s ago): NOT_FOUND: gone\n");
  expect_words(all, "after 5 failures");
  expect_words(all, "`roost events redeliver 7` or `roost events discard 7`");
}

using ExplainerTest = NodeTest;

TEST_F(ExplainerTest, LooksAtTheEventItsTriggerAndItsFunction) {
  Node node(folder_);
  Explainer explainer(node.pool(), node.outbox(), node.registry());
  const auto look = [&](EventId id) { return node.await(explainer.look(node.loop(), id)); };
  node.sql(kUsers);
  node.deploy("f", {"table:users:insert,update with attempts=9"});
  node.sql("INSERT INTO users (id, name) VALUES (1, 'a'); UPDATE users SET name = 'b'");
  const EventId first = node.number("SELECT min(id) FROM _roost_event");
  const auto blocked = look(first + 1);
  ASSERT_TRUE(blocked && *blocked);
  EXPECT_EQ((*blocked)->trigger, "table:users:insert,update with attempts=9");
  EXPECT_EQ((*blocked)->max_attempts, 9);
  ASSERT_TRUE((*blocked)->blocker);
  EXPECT_EQ((*blocked)->blocker->id, first);
  EXPECT_TRUE((*blocked)->deployed && (*blocked)->enabled);
  EXPECT_GE((*blocked)->now, (*blocked)->event.created_at);
  EXPECT_FALSE((*look(first))->blocker);
  ASSERT_TRUE(node.registry().set_enabled("f", false));
  EXPECT_FALSE((*look(first))->enabled);
  ASSERT_TRUE(node.registry().remove("f"));
  EXPECT_FALSE((*look(first))->deployed);
  const auto none = look(first + 2);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

}  // namespace
}  // namespace triggers
