#include "http/file_stream.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/units.h"

namespace http {
namespace {

constexpr std::size_t kPiece = 256 * base::kKiB;

base::Result<std::string> read_piece(int fd, std::uint64_t offset) {
  std::string piece(kPiece, '\0');
  ssize_t got = 0;
  do {
    got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return base::fail(base::Code::kStorage, fmt::format("cannot read: {}", std::strerror(errno)));
  }
  piece.resize(static_cast<std::size_t>(got));
  return piece;
}

}  // namespace

base::Result<std::unique_ptr<FileStream>> FileStream::open(const std::filesystem::path& file,
                                                           reactor::BlockingPool& blocking) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return base::fail(base::Code::kStorage,
                      fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
  }
  ::unlink(file.c_str());
  return std::unique_ptr<FileStream>(new FileStream(fd, blocking));
}

FileStream::~FileStream() { ::close(fd_); }

reactor::Task<base::Result<std::string>> FileStream::next() {
  base::Result<std::string> piece =
      co_await blocking_.run([fd = fd_, offset = offset_] { return read_piece(fd, offset); });
  if (piece) offset_ += piece->size();
  co_return piece;
}

}  // namespace http
