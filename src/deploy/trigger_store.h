// What a deployment needs of whoever makes triggers fire.
//
// The room `triggers` stands below this one and implements it; the composition root puts the two
// together. Tasks suspend; any loop.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/function.h"
#include "reactor/loop.h"

namespace deploy {

// A trigger of a deployed function that does not fire as it is written.
struct TriggerFault {
  std::string function;
  std::string trigger;
  std::string reason;  // and what to do

  bool operator==(const TriggerFault&) const = default;
};

class TriggerStore {
 public:
  virtual ~TriggerStore() = default;
  // Whether the triggers of a function can be made to fire: kInvalidArgument names the one that
  // cannot, and why.
  virtual reactor::Task<base::Result<void>> check(reactor::Loop& loop,
                                                  const catalog::Config& config) = 0;
  // Makes what fires be what the registry has; to be called after each change of it. A trigger that
  // cannot be made to fire is no failure: the others are, and `faults` has it.
  virtual reactor::Task<base::Result<void>> reconcile(reactor::Loop& loop) = 0;
  // As of the last reconcile; any thread.
  [[nodiscard]] virtual std::vector<TriggerFault> faults() const = 0;
};

}  // namespace deploy
