#include "database/sqlite/thread_work.h"

#include <sys/resource.h>
#include <time.h>

namespace database::sqlite {

ThreadWork::Use ThreadWork::now() {
  rusage use{};
  ::getrusage(RUSAGE_THREAD, &use);
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return {std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec),
          use.ru_inblock + use.ru_majflt};
}

bool ThreadWork::is_less_than(std::chrono::microseconds bound) const {
  const Use end = now();
  return end.cpu - begin_.cpu < bound && end.disk_reads == begin_.disk_reads;
}

}  // namespace database::sqlite
