// What is asked of the journal, and its answer. Values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/entry.h"
#include "journal/record.h"

namespace journal {

// When an invocation started, as fine as it is kept, and far enough for any year that can be asked.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

struct Query {
  std::string function = {};  // empty: all; so are trigger and user_id
  std::optional<Status> status = {};
  std::string trigger = {};
  std::string user_id = {};
  // By when invocations started: from `since` on, and before `until`.
  std::optional<Time> since = {};
  std::optional<Time> until = {};
  // To follow: only entries after this one, and of those the first `limit`, so that a reader who
  // asks again with the last id it got misses none. An id that is not kept (any more) is before
  // all.
  std::string after_id = {};
  // The same, by a Page's `next`: costs nothing where nothing came. Goes before after_id.
  std::optional<Sequence> from = {};
  std::size_t limit = 100;  // without the two the newest this many; always oldest first
  // Fewer when their records are longer than this in all, but one of any length: an entry may hold
  // megabytes of log.
  std::uint64_t max_bytes = 64ULL << 20U;
};

struct Page {
  std::vector<Entry> entries = {};  // in the order of their ends
  Sequence next = 0;                // for Query::from: what was not in this page and is newer
};

}  // namespace journal
