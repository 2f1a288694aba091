#include "database/sqlite/slow_texts.h"

#include <algorithm>
#include <utility>

namespace database::sqlite {
namespace {

constexpr std::size_t kMaxTexts = 1000;
constexpr std::uint32_t kMaxTimes = 16;

}  // namespace

bool SlowTexts::contains_any(const std::vector<Statement>& statements) const {
  return !texts_.empty() && std::ranges::any_of(statements, [this](const Statement& statement) {
    const auto text = texts_.find(statement.sql);
    return text != texts_.end() && text->second.fast_left != 0;
  });
}

void SlowTexts::suspect(const std::vector<Statement>& statements) {
  if (texts_.size() >= kMaxTexts) texts_.clear();
  for (const Statement& statement : statements) {
    Text& text = texts_[statement.sql];
    text.suspected = true;
    text.fast_left = std::max(text.fast_left, 1U);
  }
}

void SlowTexts::note(const std::vector<Statement>& statements, bool fast) {
  for (const Statement& statement : statements) {
    const auto found = texts_.find(statement.sql);
    if (found == texts_.end()) continue;
    Text& text = found->second;
    const bool suspected = std::exchange(text.suspected, false);
    if (!fast) {
      if (suspected) text.times = std::min(text.times + 1, kMaxTimes);
      text.fast_left = 1U << (text.times - 1);
    } else if (text.fast_left != 0) {
      --text.fast_left;
    }
    if (text.times == 0) texts_.erase(found);
  }
}

}  // namespace database::sqlite
