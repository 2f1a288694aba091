// A segment's file: its name, and its lines from the last to the first.
//
// Reading goes backwards because the newest entries are asked for most, and holds one block and one
// line at a time, however large the file is. A LineReader belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace journal {

using SegmentNumber = std::uint64_t;

std::filesystem::path segment_path(const std::filesystem::path& folder, SegmentNumber number);
// The segments of a folder in ascending order; files of other names are not ours.
base::Result<std::vector<SegmentNumber>> segments_of(const std::filesystem::path& folder);

// A file descriptor that closes itself; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int release();
  int number_;
};

class LineReader {
 public:
  // A file that is gone (deleted by retention since it was listed) reads as empty.
  static base::Result<LineReader> open(const std::filesystem::path& path);

  // The line before, without its LF; nothing at the file's beginning. The view holds until the next
  // call. What follows the file's last LF was torn, and is left out.
  base::Result<std::optional<std::string_view>> previous();

 private:
  LineReader(std::filesystem::path path, Descriptor file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), unread_(size) {}
  base::Result<void> load_block();
  base::Result<bool> skip_torn_tail();

  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t unread_;  // bytes of the file before `pending_`
  std::string pending_;   // read, not yet returned
  bool at_tail_ = true;   // nothing was returned yet
  std::string line_;      // what the last view shows
};

}  // namespace journal
