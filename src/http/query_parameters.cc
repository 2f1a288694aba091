#include "http/query_parameters.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"

namespace http {
namespace {

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

}  // namespace

base::Result<void> for_each_parameter(
    std::string_view query,
    const std::function<base::Result<void>(const std::string&, const std::string&)>& take) {
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = base::from_percent(pair.substr(0, equals), base::Plus::kSpace);
    const auto value =
        base::from_percent(pair.substr(std::min(equals + 1, pair.size())), base::Plus::kSpace);
    if (!name || !value) return invalid("the query is not percent-encoded");
    if (!seen.insert(*name).second) return invalid(fmt::format("'{}' is given twice", *name));
    if (base::Result<void> taken = take(*name, *value); !taken) return taken;
  }
  return {};
}

}  // namespace http
