// A folder for a target's files, gone when the process ends as it should.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "fuzz/input.h"

namespace fuzz {

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "roost-fuzz-XXXXXX";
    require(::mkdtemp(pattern.data()) != nullptr, "a folder can be made for the target's files");
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace fuzz
