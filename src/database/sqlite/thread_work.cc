#include "database/sqlite/thread_work.h"

#include <sys/resource.h>

namespace database::sqlite {

ThreadWork::Use ThreadWork::now() {
  rusage use{};
  ::getrusage(RUSAGE_THREAD, &use);
  const auto duration_of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return {duration_of(use.ru_utime) + duration_of(use.ru_stime), use.ru_inblock + use.ru_majflt};
}

bool ThreadWork::is_less_than(std::chrono::microseconds bound) const {
  const Use end = now();
  return end.cpu - begin_.cpu < bound && end.disk_reads == begin_.disk_reads;
}

}  // namespace database::sqlite
