#include "reactor/write_batch.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "reactor/loop.h"

namespace reactor {
namespace {

class WriteBatchTest : public testing::Test {
 protected:
  // What a session does: some work, then its answer in the loop's batch.
  Task<void> answer(std::string name, std::chrono::microseconds work = {}) {
    seen_ += "(" + name;
    std::this_thread::sleep_for(work);
    co_await loop_.writes().join();
    seen_ += name + ")";
    if (--left_ == 0) loop_.stop();
  }
  std::string run(int answers) {
    left_ = answers;
    loop_.run();
    return seen_;
  }

  Loop loop_{0};
  std::string seen_;
  int left_ = 0;
};

TEST_F(WriteBatchTest, AnswersOfOnePassLeaveTogetherInOrder) {
  for (const char* name : {"a", "b", "c"}) loop_.spawn(answer(name));
  EXPECT_EQ(run(3), "(a(b(ca)b)c)");
}

TEST_F(WriteBatchTest, AnAnswerIsNotHeldWhileOthersWorkOn) {
  loop_.spawn(answer("a"));
  loop_.spawn(answer("b", WriteBatch::kMaxHold));  // too long for a to wait any further
  loop_.spawn(answer("c"));
  EXPECT_EQ(run(3), "(a(ba)(cb)c)") << "b, which let it go, has not waited at all";
}

// What the others do then is not within a call that has only begun: it is the last of its pass.
TEST_F(WriteBatchTest, WhoLetsOthersGoWaitsForTheNextBatch) {
  loop_.spawn(answer("a"));
  loop_.spawn(answer("b", WriteBatch::kMaxHold));
  loop_.post([this] { seen_ += "."; });
  EXPECT_EQ(run(2), "(a(ba).b)");
}

TEST_F(WriteBatchTest, WhoComesBackWhileTheBatchLeavesIsInTheNext) {
  const auto twice = [this](std::string name) -> Task<void> {
    ++left_;
    co_await answer(name);
    co_await answer(name);
  };
  loop_.spawn(twice("a"));
  loop_.spawn(twice("b"));
  EXPECT_EQ(run(2), "(a(ba)(ab)(ba)b)");
}

// Each would have been held for too long by the work of the next.
TEST_F(WriteBatchTest, BatchesDoNotNest) {
  const auto twice = [this](std::string name) -> Task<void> {
    ++left_;
    co_await answer(name);
    co_await answer(name, WriteBatch::kMaxHold);
  };
  for (const char* name : {"a", "b", "c"}) loop_.spawn(twice(name));
  EXPECT_EQ(run(3), "(a(b(ca)(ab)(bc)(ca)b)c)");
}

}  // namespace
}  // namespace reactor
