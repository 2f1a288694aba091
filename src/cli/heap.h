// The heap of the serving process: tcmalloc's, which takes less of each request than glibc's
// (docs/performance.md).
//
// A burst's memory stays with it when the burst is over. `trim` gives back all but a reserve, so
// that steady load does not take the same pages again and again: to be called each second or so,
// on any thread. Others may wait while it runs, some milliseconds for each 100 MiB given back.
// Builds with a sanitizer have the sanitizer's heap, and `trim` does nothing.
#pragma once

#include <cstddef>

namespace cli {

constexpr std::size_t kHeapReserve = std::size_t{8} * 1024 * 1024;

void trim_heap();

}  // namespace cli
