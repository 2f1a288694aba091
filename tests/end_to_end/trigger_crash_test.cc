// Rows are written while the server is killed, or stands still past its leases, at random moments:
// when the dust settles each committed change was delivered, none that was rolled back, in order
// per row; with transactional delivery, each exactly once. ROOST_SOAK_KILLS=50 does it longer.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

using std::chrono::milliseconds;

constexpr int kRows = 8;

int kills() {
  const char* const asked = std::getenv("ROOST_SOAK_KILLS");
  return asked == nullptr ? 5 : std::max(1, std::atoi(asked));
}

struct Change {
  std::string operation;
  std::string name;
  bool operator==(const Change&) const = default;
};
using Changes = std::map<int, std::vector<Change>>;  // by row, in the order of the commits

// A program beside the server that inserts, updates, deletes, and takes back.
class Writer {
 public:
  Writer(const std::filesystem::path& file, unsigned seed) : shell_(file), random_(seed) {}

  void write_until(const std::atomic<bool>& over) {
    // Not as fast as it can: what it leaves to deliver is to be done with soon.
    for (; !over; std::this_thread::sleep_for(milliseconds(5))) write();
  }
  [[nodiscard]] const Changes& committed() const { return committed_; }

 private:
  void write() {
    std::vector<std::pair<int, Change>> changes;
    auto there = there_;
    shell_.run("BEGIN IMMEDIATE");
    for (int i = pick(1, 4); i > 0; --i) changes.push_back(change(there));
    if (pick(1, 4) == 1) {
      shell_.run("ROLLBACK");
      return;
    }
    shell_.run("COMMIT");
    there_ = std::move(there);
    for (auto& [row, what] : changes) committed_[row].push_back(std::move(what));
  }

  std::pair<int, Change> change(std::map<int, std::string>& there) {
    const int row = pick(1, kRows);
    const std::string name = std::to_string(++counter_);
    const auto found = there.find(row);
    if (found == there.end()) {
      shell_.run(fmt::format("INSERT INTO users (id, name) VALUES ({}, '{}')", row, name));
      there[row] = name;
      return {row, {"INSERT", name}};
    }
    if (pick(1, 3) == 1) {
      shell_.run(fmt::format("DELETE FROM users WHERE id = {}", row));
      Change gone{"DELETE", found->second};
      there.erase(found);
      return {row, std::move(gone)};
    }
    shell_.run(fmt::format("UPDATE users SET name = '{}' WHERE id = {}", name, row));
    found->second = name;
    return {row, {"UPDATE", name}};
  }

  int pick(int least, int most) { return std::uniform_int_distribution(least, most)(random_); }

  Outsider shell_;
  std::mt19937 random_;
  std::map<int, std::string> there_;
  Changes committed_;
  int counter_ = 0;
};

class TriggerCrash : public ::testing::Test {
 protected:
  const std::vector<std::string> flags_{"--events-lease", "400ms"};

  void prepare(const std::string& trigger) {
    start();
    server_->sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) STRICT;"
        "CREATE TABLE ledger (id INTEGER PRIMARY KEY, event TEXT, row_id INTEGER, "
        "operation TEXT, name TEXT) STRICT; GRANT INSERT ON ledger TO service_role");
    server_->deploy("ledger", {"--trigger", trigger});
  }
  void start() { server_ = std::make_unique<ServerProcess>(folder_ / "data", flags_); }

  void disturb(std::mt19937& random) {
    const auto pause = [&](int least, int most) {
      std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution(least, most)(random)));
    };
    pause(20, 250);
    if (random() % 2 == 0) {
      server_->process().signal(SIGKILL);
      server_->process().wait();
      start();
      return;
    }
    server_->process().signal(SIGSTOP);
    pause(100, 900);  // the lease is 400 ms
    server_->process().signal(SIGCONT);
  }

  // Writes while the server is disturbed; what was committed.
  Changes run() {
    const unsigned seed = std::random_device()();
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    Writer writer(folder_ / "data" / "data.db", static_cast<unsigned>(random()));
    std::atomic<bool> over = false;
    std::thread writing([&] { writer.write_until(over); });
    for (int i = 0; i < kills(); ++i) disturb(random);
    over = true;
    writing.join();
    Outsider shell(folder_ / "data" / "data.db");
    EXPECT_TRUE(eventually([&] { return shell.one("SELECT count(*) FROM _roost_delivery") == "0"; },
                           std::chrono::seconds(60)))
        << shell.one("SELECT group_concat(state || ' ' || attempt) FROM _roost_delivery");
    return writer.committed();
  }

  // What was delivered, by row; a second delivery of the same event right after the first is left
  // out, and counted.
  Changes delivered() {
    Changes all;
    Outsider shell(folder_ / "data" / "data.db");
    std::map<int, std::string> last;
    for (const auto& line : shell.column(
             "SELECT row_id || ' ' || event || ' ' || operation || ' ' || name FROM ledger "
             "ORDER BY id")) {
      std::istringstream words(line);
      int row = 0;
      std::string event;
      Change change;
      words >> row >> event >> change.operation >> change.name;
      if (std::exchange(last[row], event) == event) {
        ++twice_;
      } else {
        all[row].push_back(std::move(change));
      }
    }
    return all;
  }

  database::TestFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  int twice_ = 0;
};

TEST_F(TriggerCrash, EachCommittedChangeIsDeliveredInOrder) {
  prepare("table:users:insert,update,delete");
  const Changes committed = run();
  EXPECT_GT(committed.size(), 1U);
  EXPECT_EQ(delivered(), committed);
}

TEST_F(TriggerCrash, TransactionalEffectsAreExactlyOnce) {
  prepare("table:users:insert,update,delete with delivery=transactional");
  const Changes committed = run();
  EXPECT_EQ(delivered(), committed);
  EXPECT_EQ(twice_, 0);
}

}  // namespace
}  // namespace end_to_end
