// What a translation keeps in force for a block: how deep it is, and which clause it is in.
#pragma once

#include "database/sqlite/translator.h"

namespace database::sqlite {

class Translator::Deeper {
 public:
  explicit Deeper(Translator& translator) : translator_(translator) { ++translator_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  ~Deeper() { --translator_.depth_; }

  // The thread's stack is bounded, and so is what SQLite's parser and planner take.
  [[nodiscard]] bool too_deep() const { return translator_.depth_ > kMax; }

 private:
  static constexpr int kMax = 150;
  Translator& translator_;
};

// Where aggregates and window functions are not allowed; an empty name allows them.
class Translator::Clause {
 public:
  Clause(Translator& translator, std::string_view name)
      : translator_(translator), before_(std::exchange(translator.clause_, name)) {}
  Clause(const Clause&) = delete;
  Clause& operator=(const Clause&) = delete;
  ~Clause() { translator_.clause_ = before_; }

 private:
  Translator& translator_;
  std::string_view before_;
};

}  // namespace database::sqlite
