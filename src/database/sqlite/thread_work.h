// What the calling thread has done since this was made: processor time, and reads from the disk.
//
// Time that the machine gave to other threads is not in it, so it says of a statement whether it is
// fit for a loop where the wall's clock says only that it was late. Costs two system calls
// (getrusage(2), RUSAGE_THREAD).
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
    std::chrono::microseconds cpu;
    long disk_reads;
  };
  static Use now();

  Use begin_;
};

}  // namespace database::sqlite
