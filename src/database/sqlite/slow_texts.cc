#include "database/sqlite/slow_texts.h"

#include <algorithm>

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

void SlowTexts::add(const std::vector<Statement>& statements) {
  if (texts_.size() >= kMaxTexts) texts_.clear();
  for (const Statement& statement : statements) {
    Text& text = texts_[statement.sql];
    text.times = std::min(text.times + 1, kMaxTimes);
    text.fast_left = 1U << (text.times - 1);
  }
}

void SlowTexts::note(const std::vector<Statement>& statements, bool fast) {
  for (const Statement& statement : statements) {
    const auto text = texts_.find(statement.sql);
    if (text == texts_.end()) continue;
    std::uint32_t& left = text->second.fast_left;
    if (!fast) {
      left = 1U << (text->second.times - 1);
    } else if (left != 0) {
      --left;
    }
  }
}

}  // namespace database::sqlite
