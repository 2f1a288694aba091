// What the journal reads of its segments, whole and damaged.
//
//   input = damaged word: u32, what is changed in it: u64, entry*
//   entry = id, tab, function, (tab, line)*, LF
// Damage of one word costs the record it is in, and no other.
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz/folder.h"
#include "fuzz/input.h"
#include "journal/entry.h"
#include "journal/record.h"
#include "journal/segment.h"
#include "journal/segment_index.h"

namespace {

using journal::Entry;
using journal::RecordReader;
using journal::RecordView;
using journal::Sequence;
using journal::Trust;

constexpr std::uint64_t kWord = journal::kRecordAlignment;
constexpr std::size_t kMaxEntries = 32;

// One behind the other, as in a segment.
struct Records {
  std::vector<Entry> entries;
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> ends;  // in words

  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(words.data()), words.size() * kWord};
  }
};

Entry entry_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find('\t', begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  Entry entry{.id = words[0], .trigger = "http", .error = words[0], .user_id = words[0]};
  if (words.size() > 1) entry.function = words[1];
  for (std::size_t i = 2; i < words.size(); ++i) entry.lines.push_back(words[i]);
  return entry;
}

Records write(fuzz::Input& input, journal::Salt salt) {
  Records records;
  while (!input.rest().empty() && records.entries.size() < kMaxEntries) {
    const Entry entry = entry_of(input.line());
    const std::uint64_t size = journal::record_size(entry);
    std::vector<std::uint64_t> words(size / kWord);
    records.entries.push_back(entry);
    journal::write_record(reinterpret_cast<char*>(words.data()), size, entry,
                          records.entries.size(), salt);
    records.words.insert(records.words.end(), words.begin(), words.end());
    records.ends.push_back(records.words.size());
  }
  return records;
}

std::vector<Sequence> sequences_in(std::string_view bytes, journal::Salt salt, Trust trust) {
  std::vector<Sequence> found;
  RecordReader reader(bytes, salt, trust);
  while (const auto record = reader.next()) found.push_back(record->head.sequence);
  fuzz::require(reader.end() <= bytes.size(), "records lie within their bytes");
  return found;
}

void require_whole(const Records& records, journal::Salt salt) {
  journal::LiveIndex live;
  RecordReader reader(records.bytes(), salt, Trust::kChecked);
  for (const Entry& entry : records.entries) {
    const auto record = reader.next();
    fuzz::require(record.has_value(), "every record is read");
    fuzz::require(journal::to_json(record->entry()) == journal::to_json(entry),
                  "a record is read as it was written");
    live.add(*record, reader.begin());
  }
  fuzz::require(!reader.next(), "nothing else is read");
  const auto sealed = journal::SealedIndex::parse(live.bytes(records.bytes().size(), salt));
  fuzz::require(sealed.has_value(), "an index is read as it was written");
  for (const Entry& entry : records.entries) {
    const journal::Filter filter{.terms = {term(journal::TermKind::kFunction, entry.function)},
                                 .limit = kMaxEntries};
    fuzz::require(!live.find(filter).empty(), "an index finds what it has");
    fuzz::require(live.find(filter).size() == sealed->find(filter).size(),
                  "an index finds alike before and after it is sealed");
  }
}

// A sidecar that somebody has made: its checksums are right, and nothing else need be.
void search_changed(const Records& records, journal::Salt salt, std::uint32_t at,
                    std::uint32_t change) {
  journal::LiveIndex live;
  RecordReader reader(records.bytes(), salt, Trust::kChecked);
  while (const auto record = reader.next()) live.add(*record, reader.begin());
  std::string sidecar = live.bytes(records.bytes().size(), salt);
  journal::IndexHead head{};
  const std::size_t words = (sidecar.size() - sizeof head) / sizeof change;
  if (words == 0) return;
  char* const place = sidecar.data() + sizeof head + at % words * sizeof change;
  std::uint32_t word = 0;
  std::memcpy(&word, place, sizeof word);
  word ^= change;
  std::memcpy(place, &word, sizeof word);
  std::memcpy(&head, sidecar.data(), sizeof head);
  head.body_checksum = journal::checksum(std::string_view(sidecar).substr(sizeof head), 0);
  const std::string_view rest(reinterpret_cast<const char*>(&head), sizeof head);
  head.checksum = journal::checksum(rest.substr(offsetof(journal::IndexHead, body_checksum)), 0);
  std::memcpy(sidecar.data(), &head, sizeof head);
  const auto index = journal::SealedIndex::parse(sidecar);
  if (!index) return;
  for (const Entry& entry : records.entries) {
    for (const auto& row :
         index->find({.terms = {term(journal::TermKind::kFunction, entry.function)},
                      .limit = kMaxEntries})) {
      fuzz::require(row.offset + std::uint64_t{row.size} <= records.bytes().size(),
                    "an index points into its segment");
    }
  }
}

// A segment of a process that was killed, read by the next one.
void require_recovered(const Records& damaged, const journal::SegmentHead& head,
                       std::size_t whole) {
  static const fuzz::Folder kFolder;
  const std::filesystem::path folder = kFolder / "journal";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::ofstream file(journal::segment_path(folder, 1), std::ios::binary);
  file.write(reinterpret_cast<const char*>(&head), sizeof head);
  file << damaged.bytes() << std::string(4096, '\0');
  file.close();
  const auto segment = journal::Segment::open(folder, 1);
  fuzz::require(segment.has_value(), "a damaged segment is no error");
  fuzz::require((*segment != nullptr) == (whole > 0), "a segment with records is kept");
  if (*segment == nullptr) return;
  const auto rows = (*segment)->find({.limit = kMaxEntries});
  fuzz::require(rows && rows->size() == whole, "a segment is read but for what is damaged");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto at = input.number<std::uint32_t>();
  const auto change = input.number<std::uint64_t>();
  if (const auto entry = journal::parse_entry(input.rest())) {
    const auto again = journal::parse_entry(journal::to_json(*entry));
    fuzz::require(again && journal::to_json(*again) == journal::to_json(*entry),
                  "an entry's JSON is read as it was written");
  }
  static const journal::SegmentHead kHead = journal::make_segment_head();
  (void)sequences_in(input.rest(), kHead.salt, Trust::kChecked);

  Records records = write(input, kHead.salt);
  require_whole(records, kHead.salt);
  if (records.words.empty() || change == 0) return 0;
  search_changed(records, kHead.salt, at, static_cast<std::uint32_t>(change));
  const std::size_t word = at % records.words.size();
  records.words[word] ^= change;
  std::vector<Sequence> expected;
  for (std::size_t i = 0; i < records.ends.size(); ++i) {
    const std::size_t begin = i == 0 ? 0 : records.ends[i - 1];
    if (word < begin || word >= records.ends[i]) expected.push_back(i + 1);
  }
  fuzz::require(sequences_in(records.bytes(), kHead.salt, Trust::kChecked) == expected,
                "damage costs the record it is in, and no other");
  (void)sequences_in(records.bytes(), kHead.salt, Trust::kOwn);
  require_recovered(records, kHead, expected.size());
  return 0;
}
