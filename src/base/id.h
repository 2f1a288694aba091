// Identifiers that cannot be mixed up, and the unique ids that Roost hands out.
#pragma once

#include <chrono>
#include <compare>
#include <string>
#include <utility>

namespace base {

// `using FunctionId = StrongId<struct FunctionIdTag, std::int64_t>;`
template <class Tag, class T>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(T value) : value_(std::move(value)) {}
  [[nodiscard]] const T& value() const { return value_; }
  auto operator<=>(const StrongId&) const = default;

 private:
  T value_{};
};

// A UUID of version 7 (RFC 9562, section 5.7), in its 36-character text form: sorts by time of
// making, to the millisecond. Safe on any thread.
std::string make_uuid(std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace base
