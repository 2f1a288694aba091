// roost events and roost schedules against a server that is made up.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/test_commands.h"

namespace cli {
namespace {

namespace json = boost::json;

const std::string kRedeliver = "POST /admin/v1/events/redeliver";
const std::string kDiscard = "POST /admin/v1/events/discard";
const std::string kSchedules = "GET /admin/v1/schedules";
constexpr std::string_view kDead =
    R"({"id":7,"function":"on_user","trigger":"database","state":"dead","version":null,"key":"k-1",)"
    R"("lane":"1\u001b[2J","attempt":5,"failures":5,"due_at":"2026-01-31T09:00:05.000Z",)"
    R"("created_at":"2026-01-31T09:00:00.000Z","depth":1,)"
    R"("writer":{"role":"authenticated","user_id":"u"},"run_as":null,"format":"roost",)"
    R"("transactional":false)";

class EventsCommands : public TestCommands {
 protected:
  json::value sent() { return json::parse(server_.asked().back().body); }
};

TEST_F(EventsCommands, ListPrintsATable) {
  server_.answer("GET /admin/v1/events?limit=50", 200,
                 R"({"events":[)" + std::string(kDead) + "}]}");
  ASSERT_EQ(run({"events", "list"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "ID  STATE  FUNCTION  TRIGGER   ATTEMPT  CREATED                   DUE               "
            "        LANE\n"
            "7   dead   on_user   database  5        2026-01-31T09:00:00.000Z  "
            "2026-01-31T09:00:05.000Z  1\\x1b[2J\n");
  ASSERT_EQ(run({"events", "list", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at(0).at("id"), 7);
  const std::string page = "GET /admin/v1/events?limit=3&state=dead&before=9&function=f";
  server_.answer(page, 200, R"({"events":[]})");
  EXPECT_EQ(
      run({"events", "list", "--state", "dead", "--function", "f", "-n", "3", "--before", "9"}),
      ExitCode::kOk);
  EXPECT_EQ(server_.lines().back(), page);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("there are no such events"), std::string::npos);
}

TEST_F(EventsCommands, ShowPrintsAttemptsAndWhatTheyLogged) {
  const std::string answer =
      std::string(kDead) +
      R"(,"blocked_by":null,"attempts":[{"attempt":5,"at":"2026-01-31T09:00:05.000Z",)"
      R"("invocation":"i-1","error":"TRAP: unreachable\n  in handle","lines":["a\u001bb"]}],)"
      R"("payload":{"n":12345678901234567890123}})";
  server_.answer("GET /admin/v1/events/7", 200, answer);
  ASSERT_EQ(run({"events", "show", "7"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("state          dead\n"), std::string::npos) << out_;
  EXPECT_NE(out_.find("writer         authenticated u\n"), std::string::npos);
  EXPECT_TRUE(
      out_.ends_with("\nattempt 5  2026-01-31T09:00:05.000Z  invocation i-1\n"
                     "    a\\x1bb\n"
                     "    ! TRAP: unreachable\n"
                     "    !   in handle\n"))
      << out_;
  ASSERT_EQ(run({"events", "show", "7", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_, answer + "\n") << "digit for digit";
  server_.answer("GET /admin/v1/events/8", 404,
                 R"({"message":"there is no event 8","code":"NOT_FOUND"})");
  for (const Words& words :
       {Words{"events", "show", "8"}, Words{"events", "show", "8", "--json"}}) {
    expect_exit(ExitCode::kFailed, words, "roost: there is no event 8 [NOT_FOUND]");
  }
}

TEST_F(EventsCommands, ExplainSaysItInWords) {
  server_.answer("GET /admin/v1/events/7/explain", 200,
                 R"({"id":7,"state":"dead","explanation":"It is\nde\u0007ad."})");
  ASSERT_EQ(run({"events", "explain", "7"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "It is\nde\\x07ad.\n");
  ASSERT_EQ(run({"events", "explain", "7", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at("state"), "dead");
}

TEST_F(EventsCommands, StatsCountByFunction) {
  server_.answer("GET /admin/v1/events/stats", 200,
                 R"({"stats":[{"function":"f","pending":12,"leased":1,"dead":0,"delivered":0,)"
                 R"("oldest":"2026-01-31T09:00:00.000Z"}]})");
  ASSERT_EQ(run({"events", "stats"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "FUNCTION  PENDING  LEASED  DEAD  DELIVERED  OLDEST\n"
            "f         12       1       0     0          2026-01-31T09:00:00.000Z\n");
  ASSERT_EQ(run({"events", "stats", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at(0).at("pending"), 12);
}

TEST_F(EventsCommands, RedeliverSaysWhichAndOnWhat) {
  server_.answer(kRedeliver, 200, R"({"redelivered":1})");
  ASSERT_EQ(run({"events", "redeliver", "7"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "1 event redelivered\n");
  EXPECT_EQ(sent(), json::parse(R"({"id":7})"));
  ASSERT_EQ(run({"events", "redeliver", "--function", "f", "--own-version"}), ExitCode::kOk);
  EXPECT_EQ(sent(), json::parse(R"({"function":"f","version":"own"})"));
  ASSERT_EQ(run({"events", "redeliver", "--all", "--json"}), ExitCode::kOk);
  EXPECT_EQ(sent(), json::parse(R"({"all":true})"));
  EXPECT_EQ(out_, "{\"redelivered\":1}\n");
}

TEST_F(EventsCommands, DiscardSaysWhich) {
  server_.answer(kDiscard, 200, R"({"discarded":2})");
  ASSERT_EQ(run({"events", "discard", "--function", "f", "--state", "dead"}), ExitCode::kOk)
      << err_;
  EXPECT_EQ(out_, "2 events discarded\n");
  EXPECT_EQ(sent(), json::parse(R"({"function":"f","state":"dead"})"));
  ASSERT_EQ(run({"events", "discard", "7"}), ExitCode::kOk);
  EXPECT_EQ(sent(), json::parse(R"({"id":7})"));
  ASSERT_EQ(run({"events", "discard", "--all"}), ExitCode::kOk);
  EXPECT_EQ(sent(), json::parse(R"({"all":true})"));
}

// What would touch more than was meant is never sent.
TEST_F(EventsCommands, RefuseWhatTheyCannotMean) {
  expect_exit(ExitCode::kUsage, {"events", "redeliver"}, "say which events: an ID, --function");
  expect_exit(ExitCode::kUsage, {"events", "discard"}, "--state STATE or --all");
  expect_exit(ExitCode::kUsage, {"events", "redeliver", "--own-version"}, "say which events");
  expect_exit(ExitCode::kUsage, {"events", "discard", "--all", "--state", "dead"}, "excludes");
  expect_exit(ExitCode::kUsage, {"events", "discard", "7", "--all"}, "excludes");
  expect_exit(ExitCode::kUsage, {"events", "redeliver", "7", "--function", "f"}, "excludes");
  expect_exit(ExitCode::kUsage, {"events", "discard", "0"}, "0");
  expect_exit(ExitCode::kUsage, {"events", "discard", "--state", "leased"}, "leased");
  expect_exit(ExitCode::kUsage, {"events", "list", "--state", "gone"}, "gone");
  expect_exit(ExitCode::kUsage, {"events", "list", "--function", "A"}, "is not a function's name");
  expect_exit(ExitCode::kUsage, {"events", "discard", "--function", "A"}, "not a function's name");
  expect_exit(ExitCode::kUsage, {"events", "show"}, "ID is required");
  expect_exit(ExitCode::kUsage, {"events"}, "subcommand is required");
  EXPECT_TRUE(server_.lines().empty());
}

TEST_F(EventsCommands, SchedulesPrintTables) {
  const std::string answer =
      R"({"schedules":[{"function":"f","pattern":"0 3 * * *","zone":"Europe/Berlin","next_at":null,)"
      R"("last_at":"2026-01-31T02:00:00.000Z","paused":true,"missed":"once","overlap":"allow"}],)"
      R"("once":[{"event":7,"function":"g","at":"2026-02-01T00:00:00.000Z"}]})";
  server_.answer(kSchedules, 200, answer);
  for (const Words& words : {Words{"schedules"}, Words{"schedules", "list"}}) {
    ASSERT_EQ(run(words), ExitCode::kOk) << err_;
    EXPECT_EQ(out_,
              "FUNCTION  PATTERN    ZONE           NEXT  LAST                      PAUSED  MISSED  "
              "OVERLAP\n"
              "f         0 3 * * *  Europe/Berlin  -     2026-01-31T02:00:00.000Z  yes     once    "
              "allow\n"
              "\n"
              "EVENT  FUNCTION  ONCE AT\n"
              "7      g         2026-02-01T00:00:00.000Z\n");
  }
  for (const Words& words : {Words{"schedules", "--json"}, Words{"schedules", "list", "--json"}}) {
    ASSERT_EQ(run(words), ExitCode::kOk) << err_;
    EXPECT_EQ(json::parse(out_), json::parse(answer));
  }
  server_.answer(kSchedules, 200, R"({"schedules":[],"once":[]})");
  run({"schedules"});
  ASSERT_EQ(run({"schedules"}), ExitCode::kOk);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("there are no schedules: roost deploy"), std::string::npos);
}

TEST_F(EventsCommands, SchedulesArePausedResumedAndRun) {
  server_.answer("POST /admin/v1/schedules/f/pause", 200, R"({"pattern":"@daily","paused":true})");
  expect_exit(ExitCode::kOk, {"schedules", "pause", "f"},
              "f: @daily is paused: roost schedules resume f\n");
  EXPECT_EQ(sent(), json::parse("{}"));
  server_.answer("POST /admin/v1/schedules/f/resume", 200,
                 R"({"pattern":"@daily","next_at":"2026-02-01T00:00:00.000Z"})");
  expect_exit(ExitCode::kOk, {"schedules", "resume", "f", "--pattern", "@daily"},
              "f: @daily runs next at 2026-02-01T00:00:00.000Z\n");
  EXPECT_EQ(sent(), json::parse(R"({"pattern":"@daily"})"));
  server_.answer("POST /admin/v1/schedules/f/run", 202, R"({"event":7})");
  expect_exit(ExitCode::kOk, {"schedules", "run", "f"}, "f: runs now, as event 7: roost logs f\n");
  expect_exit(ExitCode::kOk, {"schedules", "run", "f", "--json"}, "{\"event\":7}\n");
  server_.answer("POST /admin/v1/schedules/g/run", 404,
                 R"({"message":"the function `g` has no schedule","code":"NOT_FOUND"})");
  expect_exit(ExitCode::kFailed, {"schedules", "run", "g"}, "has no schedule [NOT_FOUND]");
  expect_exit(ExitCode::kUsage, {"schedules", "pause", "A"}, "is not a function's name");
  expect_exit(ExitCode::kUsage, {"schedules", "pause"}, "FUNCTION is required");
}

TEST_F(EventsCommands, SchedulesRunOnceAtATime) {
  server_.answer("POST /admin/v1/schedules/at", 202,
                 R"({"event":7,"at":"2026-02-01T00:00:00.000Z"})");
  expect_exit(ExitCode::kOk, {"schedules", "at", "f", "+10m"},
              "f: runs at 2026-02-01T00:00:00.000Z, as event 7: roost events discard 7 calls it "
              "off\n");
  EXPECT_EQ(sent(), json::parse(R"({"function":"f","at":"+10m"})"));
  ASSERT_EQ(run({"schedules", "at", "f", "2026-02-01T00:00:00Z", "-d", R"({"a":1})", "--json"}),
            ExitCode::kOk);
  EXPECT_EQ(sent(),
            json::parse(R"({"function":"f","at":"2026-02-01T00:00:00Z","payload":{"a":1}})"));
  const std::size_t before = server_.lines().size();
  expect_exit(ExitCode::kUsage, {"schedules", "at", "f", "tomorrow"}, "write it as RFC 3339");
  expect_exit(ExitCode::kUsage, {"schedules", "at", "F", "+10m"}, "is not a function's name");
  expect_exit(ExitCode::kUsage, {"schedules", "at", "f", "+10m", "-d", "{"},
              "--payload is not JSON");
  EXPECT_EQ(server_.lines().size(), before);
}

}  // namespace
}  // namespace cli
