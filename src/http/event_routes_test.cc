#include "http/event_routes.h"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "http/test_world.h"
#include "triggers/rows.h"

namespace http {
namespace {

namespace json = boost::json;

const std::string kEvents = "/admin/v1/events";
const std::string kSchedules = "/admin/v1/schedules";

class EventRoutes : public ::testing::Test {
 protected:
  Reply get(const std::string& path) { return world_.admin("GET", path); }
  Reply post(const std::string& path, const std::string& body = "") {
    return world_.admin("POST", path, "", body);
  }
  // A change of a row that waits in `lane`.
  std::int64_t add(const std::string& lane, int state = 1) {
    world_.events(
        "INSERT INTO _roost_event (trigger_id, function, version, key, payload, depth, created_at) "
        "VALUES (1, 'f', 1, 'k', '{\"trigger\":\"database\"}', 1, 1000)");
    const std::int64_t id =
        triggers::number_of(world_.events("SELECT max(id) FROM _roost_event")[0][0]);
    world_.events(
        fmt::format("INSERT INTO _roost_delivery (event_id, trigger_id, lane, size, "
                    "state, due_at) VALUES ({}, 1, '{}', 1, {}, 1000)",
                    id, lane, state));
    return id;
  }
  void add_schedule(const std::string& pattern, const std::string& overlap = "allow") {
    world_.events(fmt::format(
        "INSERT INTO _roost_trigger (function, head, spec, version, max_attempts, first_delay_ms, "
        "longest_delay_ms, format, transactional, missed, overlap) VALUES ('f', 'cron:{0}', "
        "'cron:{0}', 1, 5, 1000, 1000, 'roost', 0, 'once', '{1}')",
        pattern, overlap));
    world_.events(
        "INSERT INTO _roost_schedule (trigger_id, next_at) SELECT max(id), 4102444800000 "
        "FROM _roost_trigger");
  }
  static std::vector<std::int64_t> ids(const Reply& reply) {
    std::vector<std::int64_t> found;
    const json::value body = json::parse(reply.body);
    for (const json::value& event : body.at("events").as_array()) {
      found.push_back(event.at("id").as_int64());
    }
    return found;
  }
  static std::string message(const Reply& reply) {
    return std::string(json::parse(reply.body).at("message").as_string());
  }

  TestWorld world_;
};

using Ids = std::vector<std::int64_t>;

TEST_F(EventRoutes, ListsNewestFirstAndByPage) {
  Ids all;
  for (int i = 0; i < 120; ++i) all.insert(all.begin(), add(std::to_string(i)));
  EXPECT_EQ(ids(get(kEvents)), Ids(all.begin(), all.begin() + 100));
  EXPECT_EQ(ids(get(kEvents + "?limit=1000")), all) << "over several pages of the outbox";
  EXPECT_EQ(ids(get(kEvents + "?limit=2&before=" + std::to_string(all[4]))), Ids({all[5], all[6]}));
  EXPECT_FALSE(get(kEvents).body.contains("payload"));
  EXPECT_EQ(get(kEvents + "?limit=0").status, 400);
}

TEST_F(EventRoutes, ListsByStateAndFunction) {
  const auto dead = add("1", 2);
  const auto pending = add("2");
  const auto other = world_.add_event("g", triggers::kNever / 2);
  EXPECT_EQ(ids(get(kEvents + "?state=dead")), Ids{dead});
  EXPECT_EQ(ids(get("/admin/v1/dead-letters")), Ids{dead});
  EXPECT_EQ(ids(get(kEvents + "?state=pending")), Ids({other, pending}));
  EXPECT_EQ(ids(get(kEvents + "?function=g")), Ids{other});
  EXPECT_EQ(get("/admin/v1/dead-letters?state=pending").status, 400);
}

TEST_F(EventRoutes, ShowsAndExplainsOne) {
  const auto first = add("1");
  const auto second = add("1", 0);
  world_.events(
      fmt::format("INSERT INTO _roost_attempt VALUES ({}, 1, 1000, 'i', 'TRAP: x', "
                  "'[\"a line\"]')",
                  first));
  const json::value shown = json::parse(get(fmt::format("{}/{}", kEvents, first)).body);
  EXPECT_EQ(shown.at("payload"), json::parse(R"({"trigger":"database"})"));
  EXPECT_EQ(shown.at("attempts").at(0).at("error"), "TRAP: x");
  EXPECT_EQ(shown.at("attempts").at(0).at("lines").at(0), "a line");
  EXPECT_TRUE(shown.at("blocked_by").is_null());
  EXPECT_EQ(json::parse(get(fmt::format("{}/{}", kEvents, second)).body).at("blocked_by"), first);

  world_.add("f", false);
  const Reply why = get(fmt::format("{}/{}/explain", kEvents, second));
  EXPECT_EQ(why.status, 200);
  EXPECT_NE(json::parse(why.body)
                .at("explanation")
                .as_string()
                .find(fmt::format("It waits for event {}", first)),
            std::string::npos)
      << why.body;
  for (const char* const id : {"999", "99999999999999999999999"}) {
    const Reply none = get(fmt::format("{}/{}", kEvents, id));
    EXPECT_EQ(none.status, 404);
    EXPECT_NE(message(none).find("roost events list"), std::string::npos);
    EXPECT_EQ(get(fmt::format("{}/{}/explain", kEvents, id)).status, 404);
  }
}

TEST_F(EventRoutes, RedeliversWhatIsDead) {
  const auto one = add("1", 2);
  const auto two = add("2", 2);
  const auto pending = add("3");
  EXPECT_EQ(post(kEvents + "/redeliver", "{}").status, 400);
  EXPECT_EQ(ids(get("/admin/v1/dead-letters")).size(), 2U);
  EXPECT_EQ(world_.wakes, 0);
  EXPECT_EQ(post(kEvents + "/redeliver", fmt::format(R"({{"id":{},"version":"own"}})", one)).body,
            R"({"redelivered":1})");
  EXPECT_EQ(world_.wakes, 1);
  EXPECT_EQ(json::parse(get(fmt::format("{}/{}", kEvents, one)).body).at("version"), 1);
  EXPECT_EQ(post("/admin/v1/dead-letters/redeliver", R"({"all":true})").body,
            R"({"redelivered":1})");
  EXPECT_TRUE(json::parse(get(fmt::format("{}/{}", kEvents, two)).body).at("version").is_null());
  EXPECT_EQ(post(kEvents + "/redeliver", R"({"all":true})").body, R"({"redelivered":0})");

  const Reply not_dead = post(kEvents + "/redeliver", fmt::format(R"({{"id":{}}})", pending));
  EXPECT_EQ(not_dead.status, 409);
  EXPECT_NE(message(not_dead).find("is pending: only those that are dead"), std::string::npos);
  EXPECT_EQ(post(kEvents + "/redeliver", R"({"id":999})").status, 404);
}

TEST_F(EventRoutes, DiscardsWhatDoesNotRun) {
  const auto dead = add("1", 2);
  const auto pending = add("2");
  const auto other = world_.add_event("g", 0);
  EXPECT_EQ(post(kEvents + "/discard", "{}").status, 400);
  EXPECT_EQ(post(kEvents + "/discard", R"({"state":"dead"})").body, R"({"discarded":1})");
  EXPECT_EQ(world_.wakes, 1) << "what waited behind it may run";
  EXPECT_EQ(get(fmt::format("{}/{}", kEvents, dead)).status, 404);
  world_.events(
      fmt::format("UPDATE _roost_delivery SET owner = 'x', due_at = 4102444800000 WHERE "
                  "event_id = {}",
                  pending));
  const Reply leased = post(kEvents + "/discard", fmt::format(R"({{"id":{}}})", pending));
  EXPECT_EQ(leased.status, 409);
  EXPECT_NE(message(leased).find("it runs now"), std::string::npos);
  EXPECT_EQ(post(kEvents + "/discard", R"({"all":true})").body, R"({"discarded":1})");
  EXPECT_EQ(ids(get(kEvents)), Ids{pending});
  EXPECT_EQ(get(fmt::format("{}/{}", kEvents, other)).status, 404);
}

TEST_F(EventRoutes, CountsByFunction) {
  EXPECT_EQ(get(kEvents + "/stats").body, R"({"stats":[]})");
  add("1", 2);
  world_.add_event("g", triggers::kNever / 2);
  const json::value stats = json::parse(get(kEvents + "/stats").body).at("stats");
  ASSERT_EQ(stats.as_array().size(), 2U);
  EXPECT_EQ(stats.at(0).at("function"), "f");
  EXPECT_EQ(stats.at(0).at("dead"), 1);
  EXPECT_EQ(stats.at(1).at("function"), "g");
  EXPECT_EQ(stats.at(1).at("pending"), 1);
}

TEST_F(EventRoutes, SchedulesArePausedResumedAndRun) {
  EXPECT_EQ(get(kSchedules).body, R"({"schedules":[],"once":[]})");
  add_schedule("@daily");
  EXPECT_EQ(json::parse(get(kSchedules).body).at("schedules").at(0).at("next_at"),
            "2100-01-01T00:00:00.000Z");
  const Reply paused = post(kSchedules + "/f/pause");
  EXPECT_EQ(paused.status, 200) << paused.body;
  EXPECT_EQ(json::parse(paused.body).at("paused"), true);
  EXPECT_EQ(world_.wakes, 1);
  const Reply ran = post(kSchedules + "/f/run");
  EXPECT_EQ(ran.status, 202) << ran.body;
  EXPECT_EQ(world_.wakes, 2);
  EXPECT_EQ(ids(get(kEvents)), Ids{json::parse(ran.body).at("event").as_int64()});
  const Reply resumed = post(kSchedules + "/f/resume", R"({"pattern":"@daily"})");
  EXPECT_EQ(json::parse(resumed.body).at("paused"), false);
  EXPECT_NE(json::parse(resumed.body).at("next_at"), "2100-01-01T00:00:00.000Z") << "from now";
  EXPECT_EQ(post(kSchedules + "/f/pause", R"({"pattern":"@weekly"})").status, 404);
  EXPECT_EQ(post(kSchedules + "/none/run").status, 404);
  EXPECT_EQ(post(kSchedules + "/f/run", "[]").status, 400);
  add_schedule("@hourly", "forbid");
  EXPECT_EQ(post(kSchedules + "/f/run").status, 400) << "which of the two";
  EXPECT_EQ(post(kSchedules + "/f/run", R"({"pattern":"@hourly"})").status, 202);
  EXPECT_EQ(post(kSchedules + "/f/run", R"({"pattern":"@hourly"})").status, 409);
}

TEST_F(EventRoutes, ASingleRunWaitsForItsTime) {
  world_.add("f", false);
  const Reply made = post(kSchedules + "/at", R"({"function":"f","at":"2100-01-01T00:00:00Z"})");
  EXPECT_EQ(made.status, 202) << made.body;
  EXPECT_EQ(world_.wakes, 1);
  EXPECT_EQ(json::parse(made.body).at("at"), "2100-01-01T00:00:00.000Z");
  const auto id = json::parse(made.body).at("event").as_int64();
  EXPECT_EQ(get(kSchedules).body,
            fmt::format(R"({{"schedules":[],"once":[{{"event":{},"function":"f",)"
                        R"("at":"2100-01-01T00:00:00.000Z"}}]}})",
                        id));
  EXPECT_EQ(post(kEvents + "/discard", fmt::format(R"({{"id":{}}})", id)).status, 200);
  EXPECT_EQ(get(kSchedules).body, R"({"schedules":[],"once":[]})");
  EXPECT_EQ(post(kSchedules + "/at", R"({"function":"none","at":"+1m"})").status, 404);
  EXPECT_EQ(post(kSchedules + "/at", R"({"function":"f","at":"2020-01-01T00:00:00Z"})").status,
            400);
}

TEST_F(EventRoutes, AskForAServiceKey) {
  const auto ask = [&](const std::string& method, const std::string& path) {
    TestClient client(world_.server().admin_address());
    return client
        .ask(TestWorld::request(method, path,
                                "Authorization: Bearer " + world_.keys().anon_key + "\r\n"))
        .status;
  };
  EXPECT_EQ(ask("GET", kEvents), 403);
  EXPECT_EQ(ask("GET", kSchedules), 403);
  EXPECT_EQ(ask("POST", kEvents + "/discard"), 403);
  EXPECT_EQ(world_.admin("DELETE", kEvents).status, 405);
}

}  // namespace
}  // namespace http
