// Decisions of a generator, read from a list of numbers: small numbers make simple things.
//
// So rapidcheck, which knows how to shorten a list and to lessen its numbers, shrinks whatever was
// made of it. Behind the end all decisions are 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace differential {

class Choices {
 public:
  explicit Choices(std::span<const std::uint32_t> numbers) : numbers_(numbers) {}

  // 0 … count - 1.
  std::size_t below(std::size_t count) {
    if (next_ >= numbers_.size() || count == 0) return 0;
    return numbers_[next_++] % count;
  }
  // True in `percent` of a hundred; false is the simple one.
  bool chance(std::size_t percent) { return below(100) >= 100 - percent; }

  template <class List>
  const auto& of(const List& items) {
    return items[below(items.size())];
  }
  std::string_view of(std::initializer_list<std::string_view> items) {
    return *(items.begin() + below(items.size()));
  }

 private:
  std::span<const std::uint32_t> numbers_;
  std::size_t next_ = 0;
};

}  // namespace differential
