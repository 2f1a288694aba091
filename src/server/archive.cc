#include "server/archive.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <functional>
#include <limits>
#include <optional>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/units.h"
#include "server/private_file.h"

namespace server {
namespace {

using base::Result;
using sandbox::Descriptor;
namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kPiece = 256 * base::kKiB;
constexpr std::string_view kSums = "SHA256SUMS";
// About 100 bytes for each file: more than any journal has.
constexpr std::uint64_t kMaxSums = 64 * base::kMiB;
constexpr std::string_view kMagic("ustar\00000", 8);
// What eleven octal digits can say; beyond it GNU's form, which every tar of today reads.
constexpr std::uint64_t kMaxOctal = (1ULL << 33U) - 1;

// A member's first block.
struct Header {
  std::array<char, 100> name;
  std::array<char, 8> mode;
  std::array<char, 8> owner;
  std::array<char, 8> group;
  std::array<char, 12> size;
  std::array<char, 12> time;
  std::array<char, 8> checksum;
  char type;
  std::array<char, 100> link;
  std::array<char, 8> magic;  // with the version
  std::array<char, 247> rest;
};
static_assert(sizeof(Header) == kBlock);

std::unexpected<base::Error> failure(std::string_view verb, const fs::path& file) {
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot {} {}: {}", verb, file.string(), std::strerror(errno)));
}

template <std::size_t N>
void put_octal(std::array<char, N>& field, std::uint64_t value) {
  fmt::format_to_n(field.data(), N - 1, "{:0{}o}", value, N - 1);
}

void put_size(std::array<char, 12>& field, std::uint64_t size) {
  if (size <= kMaxOctal) return put_octal(field, size);
  field.fill(0);
  field[0] = static_cast<char>(0x80);
  for (std::size_t i = field.size() - 1; size > 0; --i, size >>= 8U) {
    field.at(i) = static_cast<char>(size & 0xffU);
  }
}

template <std::size_t N>
std::optional<std::uint64_t> octal(const std::array<char, N>& field) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(field.data(), field.data() + N, value, 8);
  if (error != std::errc() || stop == field.data()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> size_in(const std::array<char, 12>& field) {
  if ((static_cast<unsigned char>(field[0]) & 0x80U) == 0) return octal(field);
  std::uint64_t size = 0;
  for (const char byte : std::span(field).subspan(4)) {
    size = size << 8U | static_cast<unsigned char>(byte);
  }
  return size;
}

// As if the checksum's own field were spaces.
std::uint64_t checksum_of(const Header& header) {
  Header copy = header;
  copy.checksum.fill(' ');
  const auto* bytes = reinterpret_cast<const unsigned char*>(&copy);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) sum += bytes[i];
  return sum;
}

std::uint64_t padded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// Gives `take` the `size` bytes from `offset` on and returns how many of them there are not;
// nothing when reading or taking fails.
using Take = std::function<bool(std::string_view)>;
std::optional<std::uint64_t> read_up_to(int fd, std::uint64_t offset, std::uint64_t size,
                                        const Take& take) {
  std::string piece(kPiece, '\0');
  while (size > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, piece.size()));
    const ssize_t got = ::pread(fd, piece.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return size;
    if (got < 0) return std::nullopt;
    const auto count = static_cast<std::size_t>(got);
    if (!take({piece.data(), count})) return std::nullopt;
    offset += count;
    size -= count;
  }
  return 0;
}

// Exactly `size`; false also when there are fewer.
bool read_range(int fd, std::uint64_t offset, std::uint64_t size, const Take& take) {
  return read_up_to(fd, offset, size, take) == 0;
}

bool give_zeros(std::uint64_t size, const Take& take) {
  const std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(size, kPiece)), '\0');
  for (; size > piece.size(); size -= piece.size()) {
    if (!take(piece)) return false;
  }
  return take(std::string_view(piece).substr(0, static_cast<std::size_t>(size)));
}

std::string line_of(const base::Sha256& digest, std::string_view name) {
  return fmt::format("{}  {}\n", base::to_hex(base::as_view(digest)), name);
}

}  // namespace

Result<ArchiveWriter> ArchiveWriter::create(const fs::path& file) {
  Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return failure("make", file);
  return ArchiveWriter(file, std::move(fd));
}

Result<void> ArchiveWriter::write(std::string_view bytes) {
  if (!write_all(fd_.get(), bytes)) return failure("write", file_);
  return {};
}

Result<void> ArchiveWriter::begin_member(const std::string& name, std::uint64_t size) {
  Header header{};
  if (name.size() > header.name.size()) {
    return base::fail(base::Code::kStorage, fmt::format("the name {} is too long", name));
  }
  std::ranges::copy(name, header.name.begin());
  put_octal(header.mode, 0600);
  put_octal(header.owner, 0);
  put_octal(header.group, 0);
  put_size(header.size, size);
  put_octal(header.time, static_cast<std::uint64_t>(std::time(nullptr)));
  header.type = '0';
  std::ranges::copy(kMagic, header.magic.begin());
  put_octal(header.checksum, checksum_of(header));
  return write({reinterpret_cast<const char*>(&header), kBlock});
}

Result<void> ArchiveWriter::pad(std::uint64_t size) {
  return write(std::string(static_cast<std::size_t>(padded(size) - size), '\0'));
}

Result<void> ArchiveWriter::add(const std::string& name, const fs::path& source) {
  const Descriptor fd(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return failure("read", source);
  return copy(name, fd, static_cast<std::uint64_t>(status.st_size), Missing::kIsAnError);
}

Result<void> ArchiveWriter::add_shrinking(const std::string& name, const Descriptor& source,
                                          std::uint64_t size) {
  return copy(name, source, size, Missing::kIsZeros);
}

Result<void> ArchiveWriter::copy(const std::string& name, const Descriptor& source,
                                 std::uint64_t size, Missing missing) {
  if (auto begun = begin_member(name, size); !begun) return begun;
  base::Sha256Stream digest;
  const auto take = [&](std::string_view piece) {
    digest.update(piece);
    return write_all(fd_.get(), piece);
  };
  const auto left = read_up_to(source.get(), 0, size, take);
  if (!left) return failure("copy", name);
  if (*left > 0 && missing == Missing::kIsAnError) {
    errno = EIO;  // shorter than it was
    return failure("copy", name);
  }
  if (!give_zeros(*left, take)) return failure("copy", name);
  sums_ += line_of(digest.finish(), name);
  return pad(size);
}

Result<void> ArchiveWriter::finish() {
  if (sums_.size() > kMaxSums) {
    return base::fail(base::Code::kStorage,
                      fmt::format("{}: more files than can be restored", file_.string()));
  }
  if (auto begun = begin_member(std::string(kSums), sums_.size()); !begun) return begun;
  if (auto written = write(sums_); !written) return written;
  if (auto filled = pad(sums_.size()); !filled) return filled;
  if (auto ended = write(std::string(2 * kBlock, '\0')); !ended) return ended;
  if (::fsync(fd_.get()) != 0) return failure("write", file_);
  return {};
}

bool begins_as_archive(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  Header header{};
  return fd.valid() && ::read(fd.get(), &header, sizeof header) == sizeof header &&
         std::ranges::equal(header.magic, kMagic) && header.type == '0' &&
         octal(header.checksum) == checksum_of(header);
}

std::unexpected<base::Error> Archive::damaged(std::string_view what) const {
  return base::fail(base::Code::kStorage,
                    fmt::format("{} is not a whole backup: {}", file_.string(), what));
}

Result<Archive> Archive::open(const fs::path& file) {
  Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failure("read", file);
  Archive archive(file, std::move(fd));
  if (auto read = archive.read_members(); !read) return base::fail(std::move(read.error()));
  if (auto checked = archive.check_digests(); !checked) {
    return base::fail(std::move(checked.error()));
  }
  return archive;
}

Result<void> Archive::read_members() {
  std::uint64_t offset = 0;
  while (true) {
    Header header{};
    const bool read = read_range(
        fd_.get(), offset, kBlock, [&, at = std::size_t{0}](std::string_view piece) mutable {
          std::memcpy(reinterpret_cast<char*>(&header) + at, piece.data(), piece.size());
          at += piece.size();
          return true;
        });
    if (!read) return damaged("it ends too early");
    if (header.name[0] == '\0') return check_end(offset);
    if (octal(header.checksum) != checksum_of(header) || header.type != '0') {
      return damaged(fmt::format("at byte {} there should be a file's header", offset));
    }
    const auto size = size_in(header.size);
    if (!size || *size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) / 2) {
      return damaged("a size is none");
    }
    std::string name(header.name.data(), ::strnlen(header.name.data(), header.name.size()));
    members_.push_back({std::move(name), *size, offset + kBlock});
    offset += kBlock + padded(*size);
  }
}

// Two blocks of zeros, and no more than those.
Result<void> Archive::check_end(std::uint64_t offset) const {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return failure("read", file_);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < offset + 2 * kBlock) return damaged("it ends too early");
  if (size > offset + 2 * kBlock) return damaged("something follows its end");
  return {};
}

// Takes the digests out of the members.
Result<void> Archive::check_digests() {
  if (members_.empty() || members_.back().name != kSums || members_.back().size > kMaxSums) {
    return damaged("its digests are missing");
  }
  const Member sums = members_.back();
  members_.pop_back();
  std::string expected;
  const auto append = [&expected](std::string_view piece) { return expected.append(piece), true; };
  if (!read_range(fd_.get(), sums.offset, sums.size, append)) return damaged("it ends too early");
  std::string_view rest = expected;
  std::string found;
  for (const Member& member : members_) {
    base::Sha256Stream digest;
    const auto update = [&digest](std::string_view piece) { return digest.update(piece), true; };
    if (!read_range(fd_.get(), member.offset, member.size, update)) {
      return damaged("it ends too early");
    }
    found = line_of(digest.finish(), member.name);
    if (!rest.starts_with(found)) {
      return damaged(fmt::format("{} does not have its digest", member.name));
    }
    rest.remove_prefix(found.size());
  }
  return rest.empty() ? Result<void>() : damaged("a file that has a digest is missing");
}

Result<void> Archive::extract(const Member& member, const fs::path& target) const {
  const Descriptor fd(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return failure("make", target);
  const bool whole =
      read_range(fd_.get(), member.offset, member.size,
                 [&fd](std::string_view piece) { return write_all(fd.get(), piece); });
  if (!whole || ::fsync(fd.get()) != 0) return failure("write", target);
  return {};
}

}  // namespace server
