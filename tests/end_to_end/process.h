// A program of its own: started with arguments, read from, signalled, waited for. For tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace end_to_end {

class Process {
 public:
  // Runs ROOST_PROGRAM. Variables ROOST_… of this process are kept from it.
  explicit Process(const std::vector<std::string>& arguments);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills it if it still runs, and fails the test when a sanitizer has reported something of it.
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }

  // The next line of its standard output, without its end; nothing after the last.
  std::optional<std::string> read_line();

  void signal(int number) const;
  // Reads its output to the end, and returns its exit code; 128 + the signal that ended it.
  int wait();

  // Until the end, after wait(): what read_line() left, and standard error.
  [[nodiscard]] const std::string& output() const { return output_; }
  [[nodiscard]] std::string errors() const;

 private:
  bool fill();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;  // an unnamed file: nobody has to read it for the program to go on
  std::string output_;
  std::optional<int> exit_;
};

struct Finished {
  int exit = -1;
  std::string out;
  std::string err;
};

// `roost` with these arguments, to its end.
Finished roost(const std::vector<std::string>& arguments);

}  // namespace end_to_end
