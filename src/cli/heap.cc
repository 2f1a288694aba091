#include "cli/heap.h"

#ifndef ROOST_SANITIZED
#include <gperftools/malloc_extension.h>
#endif

namespace cli {

#ifdef ROOST_SANITIZED
void trim_heap() {}
#else
void trim_heap() {
  MallocExtension* const heap = MallocExtension::instance();
  std::size_t free_bytes = 0;
  if (!heap->GetNumericProperty("tcmalloc.pageheap_free_bytes", &free_bytes)) return;
  if (free_bytes > kHeapReserve) heap->ReleaseToSystem(free_bytes - kHeapReserve);
}
#endif

}  // namespace cli
