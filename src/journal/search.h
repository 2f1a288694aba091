// One answer from many segments: merges their rows in the order of sequences, opening no more
// segments than the answer needs. Reads files.
#pragma once

#include <memory>
#include <span>

#include "base/error.h"
#include "journal/query.h"
#include "journal/segment.h"

namespace journal {

// `end` is the sequence before which everything is in place; nothing from there on is looked at.
// `from` is where the query's cursor is, if it has one.
base::Result<Page> search(std::span<const std::shared_ptr<Segment>> segments, const Query& query,
                          std::optional<Sequence> from, Sequence end);

}  // namespace journal
