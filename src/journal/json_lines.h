// What versions before this one kept: files of entries as JSON, 00000001.jsonl and so on.
//
// They are turned into segments when a journal is opened, before it answers anything, so that
// nothing is lost by an upgrade. At any crash in between, each entry is in one file that the next
// start knows: 1.jsonl until 1.imported is whole and on disk, then that until it is named a
// segment.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "journal/record.h"
#include "journal/segment.h"

namespace journal {

// Names what an import was ended in the middle of, as segments after `last`.
base::Result<void> finish_imports(const std::filesystem::path& folder, SegmentNumber last);

// Turns each file into a segment and deletes it. The segments have numbers after `last`, the
// entries sequences from `next` on; lines that are no entry (torn by a crash) are left out.
base::Result<void> import_json_lines(const std::filesystem::path& folder, SegmentNumber last,
                                     Sequence next);

}  // namespace journal
