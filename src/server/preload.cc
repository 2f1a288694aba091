#include "server/preload.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

namespace server {
namespace {

// Enough to name the functions that are called all the time, and read in a moment.
constexpr std::size_t kNewest = 10'000;

// The last call of each function counts; 0 for one that is not among the newest.
std::map<std::string, std::size_t> last_calls(const journal::Journal& journal) {
  std::map<std::string, std::size_t> calls;
  const auto entries = journal.read({.limit = kNewest});
  if (!entries) return calls;
  std::size_t number = 0;
  for (const journal::Entry& entry : *entries) calls[entry.function] = ++number;
  return calls;
}

}  // namespace

std::vector<base::Sha256> modules_to_preload(const std::vector<catalog::FunctionPtr>& functions,
                                             const journal::Journal& journal) {
  std::map<std::string, std::size_t> calls = last_calls(journal);
  std::vector<catalog::FunctionPtr> enabled;
  std::ranges::copy_if(functions, std::back_inserter(enabled), &catalog::Function::enabled,
                       [](const auto& function) -> const catalog::Function& { return *function; });
  std::ranges::sort(enabled, [&calls](const auto& a, const auto& b) {
    const auto last_of_a = calls[a->name()];
    const auto last_of_b = calls[b->name()];
    return last_of_a != last_of_b ? last_of_a > last_of_b : a->name() < b->name();
  });
  std::set<base::Sha256> seen;
  std::vector<base::Sha256> modules;
  const auto add = [&](const base::Sha256& module) {
    if (seen.insert(module).second) modules.push_back(module);
  };
  for (const auto& function : enabled) {
    add(function->version.module);
    if (function->canary) add(function->canary->function->version.module);
  }
  return modules;
}

}  // namespace server
