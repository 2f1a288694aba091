// The statements that are not to run on a loop, because they were seen to take too long there.
//
// A text that was stopped on the loop runs elsewhere until it has been fast there often enough:
// once after the first time (the machine may have been at fault), twice as often after each
// further. Belongs to one loop.
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
  // They were stopped on the loop.
  void add(const std::vector<Statement>& statements);
  // They ran elsewhere.
  void note(const std::vector<Statement>& statements, bool fast);

 private:
  struct Text {
    std::uint32_t times = 0;      // stopped on the loop
    std::uint32_t fast_left = 0;  // runs elsewhere that have to be fast
  };
  std::unordered_map<std::string, Text> texts_;
};

}  // namespace database::sqlite
