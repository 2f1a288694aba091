// What the calling thread has done since this was made: processor time, and reads from the disk.
//
// Time that the machine gave to other threads is not in it, so it says of a statement whether it is
// fit for a loop where the wall's clock says only that it was late. Costs four system calls:
// getrusage(2) knows of the disk, but of the running thread's time only what the last tick has
// counted, so that comes from clock_gettime(2).
#pragma once

#include <chrono>

namespace database::sqlite {

class ThreadWork {
 public:
  ThreadWork() : begin_(now()) {}

  // Less processor time than `bound`, and nothing waited for from the disk.
  [[nodiscard]] bool is_less_than(std::chrono::microseconds bound) const;

 private:
  struct Use {
    std::chrono::nanoseconds cpu;
    long disk_reads;
  };
  static Use now();

  Use begin_;
};

}  // namespace database::sqlite
