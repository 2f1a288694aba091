// What a deployment needs of whoever makes triggers fire.
//
// The room `triggers` stands below this one and implements it; the composition root puts the two
// together. Tasks suspend; any loop.
#pragma once

#include "base/error.h"
#include "catalog/function.h"
#include "reactor/loop.h"

namespace deploy {

class TriggerStore {
 public:
  virtual ~TriggerStore() = default;
  // Whether the triggers of a function can be made to fire: kInvalidArgument names the one that
  // cannot, and why.
  virtual reactor::Task<base::Result<void>> check(reactor::Loop& loop,
                                                  const catalog::Config& config) = 0;
  // Makes what fires be what the registry has; to be called after each change of it.
  virtual reactor::Task<base::Result<void>> reconcile(reactor::Loop& loop) = 0;
};

}  // namespace deploy
