#include "http/log_stream.h"

#include <algorithm>
#include <future>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "database/test_folder.h"
#include "reactor/reactor.h"

namespace http {
namespace {

class LogStreamTest : public testing::Test {
 protected:
  LogStreamTest() { reactor_.start(); }

  // With a log of that many bytes.
  void append(int entries, std::size_t bytes) {
    for (int i = 0; i < entries; ++i) {
      journal_->append({.id = fmt::format("{:036}", ++last_),
                        .function = "f",
                        .trigger = "http",
                        .lines = {std::string(bytes, 'x')}});
    }
  }
  std::string next(LogStream& stream) {
    std::promise<std::string> promise;
    reactor_.loop(0).post([&] {
      reactor_.loop(0).spawn(
          [](LogStream& of, std::promise<std::string>& out) -> reactor::Task<void> {
            out.set_value((co_await of.next()).value_or("failed"));
          }(stream, promise));
    });
    return promise.get_future().get();
  }
  static std::ptrdiff_t lines_of(const std::string& piece) {
    return std::ranges::count(piece, '\n');
  }

  const database::TestFolder folder_;
  std::unique_ptr<journal::Journal> journal_ = *journal::Journal::open(folder_ / "journal", {});
  reactor::Reactor reactor_{1, 1};
  int last_ = 0;
};

// Who reads slowly costs a piece, however much there is.
TEST_F(LogStreamTest, WhatIsFollowedComesInPiecesAndWhole) {
  append(40, 100'000);
  LogStream stream(*journal_, reactor_.blocking(), {.from = journal::Sequence{1}});
  std::ptrdiff_t lines = 0;
  for (std::string piece = next(stream); !piece.empty(); piece = next(stream)) {
    EXPECT_LT(piece.size(), LogStream::kPieceBytes + base::kKiB * 16);
    lines += lines_of(piece);
  }
  EXPECT_EQ(lines, 40);
}

TEST_F(LogStreamTest, TheNewestAreBoundedAndNoneAfterThemIsLeftOut) {
  append(100, 100'000);
  LogStream stream(*journal_, reactor_.blocking(), {.limit = 100});
  const std::string newest = next(stream);
  EXPECT_LT(newest.size(), LogStream::kNewestBytes + base::kKiB * 16);
  EXPECT_GT(lines_of(newest), 70);
  EXPECT_NE(newest.find(fmt::format("{:036}", 100)), std::string::npos);
  EXPECT_EQ(next(stream), "");
  append(20, 100'000);
  EXPECT_EQ(lines_of(next(stream)) + lines_of(next(stream)), 20);
  EXPECT_EQ(next(stream), "");
}

}  // namespace
}  // namespace http
