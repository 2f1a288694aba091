// Which of a function's two versions an HTTP call gets, while one of them is on trial.
//
// The canary is another version beside the one that runs. It gets the calls that carry a header,
// and a share of all others, each call by itself; who wants to stay on one version sends the
// header. Rows and ticks go to the version that runs, always. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/function.h"

namespace catalog {

// Of a request; nothing when it has no header of that name.
using HeaderOf = std::function<std::optional<std::string_view>(std::string_view name)>;

// Normal form: the name in lower case, "name" or "name: value". kInvalidArgument when the share is
// not 0 … 100, the header is none, or neither lets any call through.
base::Result<CanarySplit> checked_split(CanarySplit split);

// `draw` is of 0 … 99, a new one for each call.
FunctionPtr version_for_call(const FunctionPtr& function, const HeaderOf& header_of, unsigned draw);

}  // namespace catalog
