#include "journal/json_lines.h"

#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "journal/file.h"

namespace journal {
namespace {

constexpr std::string_view kLinesExtension = ".jsonl";
constexpr std::string_view kImportedExtension = ".imported";

base::Result<void> move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (!error) return {};
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot rename {} to {}: {}; check the folder's permissions",
                                from.string(), to.string(), error.message()));
}

// A segment's content; `next` goes on behind its last entry.
std::string segment_of(std::string_view lines, Sequence& next) {
  const SegmentHead head = make_segment_head();
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out.reserve(lines.size());
  for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
    const auto entry = parse_entry(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!entry) continue;
    const std::uint64_t size = record_size(*entry);
    // A vector of words, because a record is written to an aligned place.
    std::vector<std::uint64_t> record(size / sizeof(std::uint64_t));
    char* const place = reinterpret_cast<char*>(record.data());
    write_record(place, size, *entry, next++, head.salt);
    out.append(place, size);
  }
  return out;
}

base::Result<void> import_file(const std::filesystem::path& folder, SegmentNumber from,
                               SegmentNumber to, Sequence& next) {
  const auto lines_path = numbered_path(folder, from, kLinesExtension);
  const auto imported_path = numbered_path(folder, from, kImportedExtension);
  const auto lines = File::content_of(lines_path);
  if (!lines) return base::fail(lines.error());
  if (auto done = File::replace(imported_path, segment_of(lines->value_or(""), next)); !done) {
    return done;
  }
  if (auto done = sync_folder(folder); !done) return done;
  std::error_code error;
  std::filesystem::remove(lines_path, error);
  if (error) {
    return base::fail(base::Code::kStorage,
                      fmt::format("cannot delete {}, which is imported: {}; check permissions",
                                  lines_path.string(), error.message()));
  }
  if (auto done = sync_folder(folder); !done) return done;
  return move_file(imported_path, segment_path(folder, to));
}

}  // namespace

base::Result<void> finish_imports(const std::filesystem::path& folder, SegmentNumber last) {
  const auto numbers = numbers_of(folder, kImportedExtension);
  if (!numbers) return base::fail(numbers.error());
  for (const SegmentNumber number : *numbers) {
    // Beside its origin it may be torn, and is made anew.
    if (std::filesystem::exists(numbered_path(folder, number, kLinesExtension))) continue;
    const auto imported = numbered_path(folder, number, kImportedExtension);
    if (auto done = move_file(imported, segment_path(folder, ++last)); !done) return done;
  }
  return {};
}

base::Result<void> import_json_lines(const std::filesystem::path& folder, SegmentNumber last,
                                     Sequence next) {
  const auto numbers = numbers_of(folder, kLinesExtension);
  if (!numbers) return base::fail(numbers.error());
  for (const SegmentNumber number : *numbers) {
    if (auto done = import_file(folder, number, ++last, next); !done) return done;
  }
  return {};
}

}  // namespace journal
