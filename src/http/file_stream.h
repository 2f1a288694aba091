// A file as a body, which is gone when it was sent. Belongs to one connection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "http/message.h"
#include "reactor/blocking_pool.h"

namespace http {

class FileStream final : public BodyStream {
 public:
  // Opens the file and deletes its name at once. kStorage. Blocks; `next` does not. `blocking` must
  // outlive it.
  static base::Result<std::unique_ptr<FileStream>> open(const std::filesystem::path& file,
                                                        reactor::BlockingPool& blocking);
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  ~FileStream() override;

  // Kept until the file is gone.
  void hold(std::shared_ptr<void> held) { held_ = std::move(held); }

  reactor::Task<base::Result<std::string>> next() override;
  [[nodiscard]] bool endless() const override { return false; }

 private:
  FileStream(int fd, reactor::BlockingPool& blocking) : fd_(fd), blocking_(blocking) {}

  const int fd_;
  reactor::BlockingPool& blocking_;
  std::uint64_t offset_ = 0;
  std::shared_ptr<void> held_;
};

}  // namespace http
