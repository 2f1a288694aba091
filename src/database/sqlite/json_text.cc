#include "database/sqlite/json_text.h"

#include <array>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

namespace database::sqlite {

bool is_json(std::string_view text) {
  constexpr std::size_t kMaxDepth = 500;
  std::array<unsigned char, 4096> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::error_code error;
  boost::json::parse(text, error, &memory, options);
  return !error;
}

}  // namespace database::sqlite
