// The headers of a guest's answer: lines `name: value`, each ended by LF (CR LF too; the last may
// lack it).
//
// A guest must not be able to write a header the server answers for, nor a second line through a
// value (response splitting). Names are tokens of RFC 9110, section 5.6.2; values hold no control
// characters but tab.
#pragma once

#include <string_view>

#include "base/error.h"
#include "host/event.h"

namespace host {

// Names in lower case. kBadResponse names the line.
base::Result<NameValues> parse_header_lines(std::string_view text);

}  // namespace host
