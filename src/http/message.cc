#include "http/message.h"

#include <algorithm>
#include <utility>

namespace http {

std::optional<std::string_view> Request::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [name](const auto& header) { return header.first == name; });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

Answer json_answer(int status, std::string json) {
  return {.status = status,
          .headers = {{"content-type", "application/json"}},
          .body = std::move(json),
          .stream = nullptr};
}

}  // namespace http
