// Which modules are made ready when the server starts, and in what order.
#pragma once

#include <vector>

#include "base/crypto.h"
#include "catalog/function.h"
#include "journal/journal.h"

namespace server {

// Those of the enabled functions, their canaries' too, each once: first those of functions that the
// journal's newest entries name, the last one called first, then the rest by name. Blocks.
std::vector<base::Sha256> modules_to_preload(const std::vector<catalog::FunctionPtr>& functions,
                                             const journal::Journal& journal);

}  // namespace server
