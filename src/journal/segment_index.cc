#include "journal/segment_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace journal {
namespace {

constexpr std::uint64_t kMagic = 0x3158'444E'494C'4A52U;  // "RJLINDX1"
constexpr std::uint64_t kSeed = 0;

using RowNumbers = std::span<const std::uint32_t>;

static_assert(sizeof(Row) == 24 && sizeof(Bounds) == 80 && sizeof(IndexHead) == 136);

template <class T>
void append_bytes(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

// Moves `count` values off the front of `bytes`, which has them.
template <class T>
std::vector<T> take_values(std::string_view& bytes, std::size_t count) {
  std::vector<T> values(count);
  if (count > 0) std::memcpy(values.data(), bytes.data(), count * sizeof(T));
  bytes.remove_prefix(count * sizeof(T));
  return values;
}

std::uint64_t checksum_of(const IndexHead& head) {
  const std::string_view bytes(reinterpret_cast<const char*>(&head), sizeof head);
  return checksum(bytes.substr(offsetof(IndexHead, body_checksum)), kSeed);
}

RowNumbers within(RowNumbers list, std::uint32_t first, std::uint32_t last) {
  const auto begin = std::ranges::lower_bound(list, first);
  return {begin, std::lower_bound(begin, list.end(), last)};
}

// Rows of one segment that fit a filter, in its direction. Walks along the shortest of the lists
// and asks the others, so that its cost is that of the rarest property.
class Search {
 public:
  Search(std::span<const Row> rows, const Filter& filter) : rows_(rows), filter_(filter) {
    const auto at = [rows](Sequence sequence) {
      return static_cast<std::uint32_t>(
          std::ranges::lower_bound(rows, sequence, {}, &Row::sequence) - rows.begin());
    };
    first_ = at(filter.from);
    last_ = std::max(first_, at(filter.before));
  }

  void narrow(RowNumbers list) { lists_.push_back(within(list, first_, last_)); }

  std::vector<Row> run() {
    std::ranges::sort(lists_, {}, &RowNumbers::size);
    const std::size_t count = lists_.empty() ? last_ - first_ : lists_.front().size();
    const bool backwards = filter_.direction == Direction::kNewestFirst;
    std::vector<Row> found;
    for (std::size_t i = 0; i < count && found.size() < filter_.limit; ++i) {
      const std::uint32_t row = candidate(backwards ? count - 1 - i : i);
      if (fits(row)) found.push_back(rows_[row]);
    }
    return found;
  }

 private:
  [[nodiscard]] std::uint32_t candidate(std::size_t index) const {
    if (lists_.empty()) return first_ + static_cast<std::uint32_t>(index);
    return lists_.front()[index];
  }
  [[nodiscard]] bool fits(std::uint32_t row) const {
    const std::int64_t time = rows_[row].time_us;
    return time >= filter_.since_us && time < filter_.until_us &&
           std::ranges::all_of(
               lists_, [row](RowNumbers list) { return std::ranges::binary_search(list, row); });
  }

  std::span<const Row> rows_;
  const Filter& filter_;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
  std::vector<RowNumbers> lists_;
};

}  // namespace

IdPrefix prefix_of(std::string_view id) {
  IdPrefix prefix{};
  std::memcpy(prefix.data(), id.data(), std::min(id.size(), prefix.size()));
  return prefix;
}

std::string term(TermKind kind, std::string_view value) {
  std::string text(1, static_cast<char>(kind));
  return text.append(value);
}

void Bounds::include(const RecordView& record) {
  const IdPrefix id = prefix_of(record.id);
  if (empty() || id < first_id) first_id = id;
  if (empty() || id > last_id) last_id = id;
  first = std::min(first, record.head.sequence);
  last = std::max(last, record.head.sequence);
  first_time_us = std::min(first_time_us, record.head.time_us);
  last_time_us = std::max(last_time_us, record.head.time_us);
}

bool Filter::meets(const Bounds& bounds) const {
  return bounds.last >= from && bounds.first < before && bounds.last_time_us >= since_us &&
         bounds.first_time_us < until_us;
}

void LiveIndex::post(TermKind kind, std::string_view value, std::uint32_t row) {
  term_.assign(1, static_cast<char>(kind)).append(value);
  postings_[term_].push_back(row);
}

void LiveIndex::add(const RecordView& record, std::uint64_t offset) {
  const auto row = static_cast<std::uint32_t>(rows_.size());
  rows_.push_back({record.head.sequence, record.head.time_us, static_cast<std::uint32_t>(offset),
                   record.head.size});
  bounds_.include(record);
  post(TermKind::kFunction, record.function, row);
  post(TermKind::kStatus, name_of(record.status()), row);
  post(TermKind::kTrigger, record.trigger, row);
  if (!record.user_id.empty()) post(TermKind::kUser, record.user_id, row);
}

std::vector<Row> LiveIndex::find(const Filter& filter) const {
  Search search(rows_, filter);
  for (const std::string& each : filter.terms) {
    const auto list = postings_.find(each);
    if (list == postings_.end()) return {};
    search.narrow(list->second);
  }
  return search.run();
}

std::string LiveIndex::bytes(std::uint64_t segment_bytes, Salt salt) const {
  std::vector<const std::pair<const std::string, std::vector<std::uint32_t>>*> sorted;
  sorted.reserve(postings_.size());
  for (const auto& posting : postings_) sorted.push_back(&posting);
  std::ranges::sort(sorted, {},
                    [](const auto* posting) { return std::string_view(posting->first); });

  std::vector<SealedIndex::Term> terms;
  std::vector<std::uint32_t> postings;
  std::string texts;
  for (const auto* posting : sorted) {
    const auto& [text, rows] = *posting;
    terms.push_back(
        {static_cast<std::uint32_t>(texts.size()), static_cast<std::uint32_t>(text.size()),
         static_cast<std::uint32_t>(postings.size()), static_cast<std::uint32_t>(rows.size())});
    postings.insert(postings.end(), rows.begin(), rows.end());
    texts += text;
  }
  std::string out(sizeof(IndexHead), '\0');
  append_bytes<Row>(out, rows_);
  append_bytes<SealedIndex::Term>(out, terms);
  append_bytes<std::uint32_t>(out, postings);
  out += texts;
  IndexHead head{.magic = kMagic,
                 .checksum = 0,
                 .body_checksum = checksum(std::string_view(out).substr(sizeof(IndexHead)), kSeed),
                 .segment_bytes = segment_bytes,
                 .salt = salt,
                 .bounds = bounds_,
                 .rows = static_cast<std::uint32_t>(rows_.size()),
                 .terms = static_cast<std::uint32_t>(terms.size()),
                 .postings = static_cast<std::uint32_t>(postings.size()),
                 .texts = static_cast<std::uint32_t>(texts.size())};
  head.checksum = checksum_of(head);
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

std::optional<IndexHead> SealedIndex::head_of(std::string_view bytes) {
  IndexHead head{};
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != kMagic || head.checksum != checksum_of(head)) return std::nullopt;
  return head;
}

std::optional<SealedIndex> SealedIndex::parse(std::string bytes) {
  const auto head = head_of(bytes);
  if (!head) return std::nullopt;
  std::string_view body = std::string_view(bytes).substr(sizeof(IndexHead));
  const std::uint64_t size = head->rows * sizeof(Row) + head->terms * sizeof(Term) +
                             head->postings * sizeof(std::uint32_t) + head->texts;
  if (body.size() != size || checksum(body, kSeed) != head->body_checksum) return std::nullopt;
  SealedIndex index;
  index.rows_ = take_values<Row>(body, head->rows);
  index.terms_ = take_values<Term>(body, head->terms);
  index.postings_ = take_values<std::uint32_t>(body, head->postings);
  index.texts_ = body;
  if (!index.points_within(head->segment_bytes)) return std::nullopt;
  return index;
}

bool SealedIndex::points_within(std::uint64_t segment_bytes) const {
  const auto within = [](std::uint64_t begin, std::uint64_t count, std::uint64_t size) {
    return begin + count <= size;  // of 32 bits each
  };
  return std::ranges::all_of(
             rows_, [&](const Row& row) { return within(row.offset, row.size, segment_bytes); }) &&
         std::ranges::all_of(terms_,
                             [&](const Term& term) {
                               return within(term.text, term.length, texts_.size()) &&
                                      within(term.postings, term.count, postings_.size());
                             }) &&
         std::ranges::all_of(postings_, [&](std::uint32_t row) { return row < rows_.size(); });
}

std::string_view SealedIndex::text_of(const Term& term) const {
  return std::string_view(texts_).substr(term.text, term.length);
}

std::span<const std::uint32_t> SealedIndex::postings_of(std::string_view text) const {
  const auto found = std::ranges::lower_bound(terms_, text, {},
                                              [this](const Term& each) { return text_of(each); });
  if (found == terms_.end() || text_of(*found) != text) return {};
  return std::span(postings_).subspan(found->postings, found->count);
}

std::vector<Row> SealedIndex::find(const Filter& filter) const {
  Search search(rows_, filter);
  for (const std::string& each : filter.terms) search.narrow(postings_of(each));
  return search.run();
}

}  // namespace journal
