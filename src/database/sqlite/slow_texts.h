// The statements that are not to run on a loop, because they were seen to take too long there.
//
// Late on the loop is a suspicion only: a machine that gave its time to others makes any text late.
// The next run elsewhere decides, by the work it took: of the statement that was stopped its own,
// of one that ended late that of whoever asks next. A text that was slow there stays away until
// it has been fast there once, twice as often after each further time. Belongs to one loop.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "database/statement.h"

namespace database::sqlite {

class SlowTexts {
 public:
  [[nodiscard]] bool contains_any(const std::vector<Statement>& statements) const;
  // They were late on the loop, or stopped there.
  void suspect(const std::vector<Statement>& statements);
  // They ran elsewhere; `fast` says that it was little work.
  void note(const std::vector<Statement>& statements, bool fast);

 private:
  struct Text {
    bool suspected = false;
    std::uint32_t times = 0;      // late on the loop and slow elsewhere
    std::uint32_t fast_left = 0;  // runs elsewhere that have to be fast
  };
  std::unordered_map<std::string, Text> texts_;
};

}  // namespace database::sqlite
