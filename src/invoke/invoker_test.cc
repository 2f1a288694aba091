#include "invoke/invoker_test.h"

#include <chrono>
#include <string>

#include <boost/json.hpp>

// A namespace of its own, because the suite is called Invoker.
namespace invoke_test {
namespace {

using namespace std::chrono_literals;
using invoke::fixture;
using invoke::Outcome;

class Invoker : public invoke::InvokerTest {};

TEST_F(Invoker, InvokeHttpFunction) {
  create("hello");
  const auto function = invoker_->resolve("hello", catalog::TriggerKind::kHttp);
  ASSERT_TRUE(function);
  const Outcome outcome = invoke(*function, R"({"name":"World"})");
  ASSERT_TRUE(outcome.response) << outcome.response.error().message;
  EXPECT_EQ(outcome.response->status, 200);
  EXPECT_EQ(outcome.response->body, R"({"message":"Hello, World!"})");
}

TEST_F(Invoker, InvokeWithRlsContext) {
  administer(R"(CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT, org INTEGER) STRICT;
    INSERT INTO notes VALUES (1, 'user-7', 3), (2, 'user-8', 3), (3, 'user-7', 4);
    GRANT SELECT ON notes TO authenticated;
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes
      USING (owner = auth.uid() AND org = CAST(auth.jwt() ->> 'org' AS integer)))");
  const auth::Principal user{auth::Role::kAuthenticated, "user-7",
                             R"({"sub":"user-7","org":3,"role":"authenticated"})"};
  const auto function = create("db_query");
  const Outcome outcome =
      invoke(function, R"({"sql":"SELECT id, auth.role() AS role FROM notes"})", user);
  ASSERT_TRUE(outcome.response) << outcome.response.error().message;
  EXPECT_EQ(outcome.response->body, R"({"rows":[{"id":1,"role":"authenticated"}],"count":1})");
  EXPECT_EQ(entries().at(0).user_id, "user-7");

  const Outcome stranger = invoke(function, R"({"sql":"SELECT id FROM notes"})");
  ASSERT_TRUE(stranger.response);
  EXPECT_EQ(stranger.response->status, 400);
  EXPECT_EQ(boost::json::parse(stranger.response->body).at("code"), "42501");

  // The event says the same of the caller.
  const Outcome echoed = invoke(create("echo"), "", user);
  ASSERT_TRUE(echoed.response);
  const auto event = boost::json::parse(echoed.response->body).as_object();
  EXPECT_EQ(event.at("user_id"), "user-7");
  EXPECT_EQ(event.at("role"), "authenticated");
  EXPECT_EQ(event.at("claims").at("org"), 3);
}

TEST_F(Invoker, DisabledFunctionReturnsError) {
  create("hello");
  ASSERT_TRUE(registry_->set_enabled("hello", false));
  const auto disabled = invoker_->resolve("hello", catalog::TriggerKind::kHttp);
  ASSERT_FALSE(disabled);
  EXPECT_EQ(disabled.error().code, base::Code::kNotFound);
  EXPECT_FALSE(invoker_->resolve("nobody", catalog::TriggerKind::kHttp));
  ASSERT_TRUE(registry_->set_enabled("hello", true));
  EXPECT_TRUE(invoker_->resolve("hello", catalog::TriggerKind::kHttp));
  EXPECT_FALSE(invoker_->resolve("hello", catalog::TriggerKind::kTable))
      << "it does not have the trigger";
}

TEST_F(Invoker, TimeoutKillsFunction) {
  config_.limits.timeout = 1s;
  const Outcome outcome = invoke(create("loop"));
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.response.error().code, base::Code::kTimeout);
  const auto entry = entries().at(0);
  EXPECT_EQ(entry.status, journal::Status::kTimeout);
  EXPECT_GE(entry.duration, 1s);
  EXPECT_LT(entry.duration, 2s);
  EXPECT_EQ(sandbox_->live().instances, 0U);
}

TEST_F(Invoker, MemoryExceededError) {
  config_.limits.memory_bytes = 64 * base::kMiB;
  const Outcome outcome = invoke(create("allocate"), std::to_string(128 * base::kMiB));
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.response.error().code, base::Code::kMemoryLimit);
  EXPECT_EQ(entries().at(0).status, journal::Status::kMemoryExceeded);
}

TEST_F(Invoker, InvocationLogged) {
  const auto function = create("hello");
  const Outcome outcome = invoke(function, R"({"name":"you"})");
  ASSERT_TRUE(outcome.response);
  const auto all = entries();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].function, "hello");
  EXPECT_EQ(all[0].version, 1);
  EXPECT_EQ(all[0].trigger, "http");
  EXPECT_EQ(all[0].status, journal::Status::kSuccess);
  EXPECT_EQ(all[0].lines.size(), 1U);
  EXPECT_GT(all[0].peak_memory_bytes, 0U);
  EXPECT_EQ(all[0].error, "");
  EXPECT_NE(metrics_.expose().find(R"(functions_invocations_total{name="hello")"),
            std::string::npos)
      << metrics_.expose();
}

TEST_F(Invoker, CrashIsLoggedWithItsBacktrace) {
  const Outcome outcome = invoke(create("panic"));
  ASSERT_FALSE(outcome.response);
  const auto entry = entries().at(0);
  EXPECT_EQ(entry.status, journal::Status::kError);
  EXPECT_TRUE(entry.error.starts_with(
      "TRAP: the function trapped: unreachable code reached\n  at inner_panic"))
      << entry.error;
}

TEST_F(Invoker, NextVersionHasItsOwnEnvironment) {
  config_.environment = {{"GREETING", "one"}};
  const auto first = create("environ");
  EXPECT_EQ(invoke(first, "GREETING").response->body, "one");
  config_.environment = {{"GREETING", "two"}};
  const auto second = registry_->deploy(config_, fixture("environ"));
  ASSERT_TRUE(second);
  EXPECT_EQ(invoke(*second, "GREETING").response->body, "two");
  EXPECT_EQ(invoke(first, "GREETING").response->body, "one")
      << "a call under way keeps its version";
}

}  // namespace
}  // namespace invoke_test
