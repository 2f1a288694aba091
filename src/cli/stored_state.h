// What `roost doctor` sees in the data folder besides its files' modes: the catalog, the user's
// tables, compiled code, the journal, and whether the clock went on since. Facts, and what they
// mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "cli/diagnosis.h"

namespace cli {

struct CatalogFacts {
  std::int64_t schema = 0;     // the version of its tables
  std::int64_t functions = 0;  // enabled ones
  std::int64_t modules = 0;    // of those
};

struct StoredState {
  base::Result<CatalogFacts> catalog;  // kNotFound before the first start
  base::Result<std::int64_t> tables;   // the user's own; kNotFound before the first start
  std::int64_t compiled = 0;           // modules whose code fits this program and this processor
  std::int64_t journal_files = 0;
  std::uint64_t journal_bytes = 0;
  std::chrono::seconds newest_ahead{};  // of the clock: how far the newest file is in the future
};

// Blocks. Changes nothing.
StoredState look_at_state(const std::filesystem::path& folder);

std::vector<Check> diagnose_state(const StoredState& state, std::uint64_t max_mappings,
                                  const server::Config& config);

}  // namespace cli
