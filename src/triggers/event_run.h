// One attempt: the function of an event runs, as its writer.
//
// Where the trigger asks for transactional delivery, what the function writes and the
// acknowledgement commit together, or not at all. Belongs to the Dispatcher; `run` on any loop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "catalog/registry.h"
#include "database/pool.h"
#include "invoke/invoker.h"
#include "reactor/reactor.h"
#include "triggers/outbox.h"

namespace triggers {

struct Ran {
  enum class End {
    kEnded,     // `delivered` is to be settled
    kSettled,   // with its transaction, or somebody else has the event now
    kPostpone,  // the node had no room for it: no attempt was made
  };
  End end = End::kEnded;
  Delivered delivered;
};

class EventRun {
 public:
  using Canceled = std::shared_ptr<const std::atomic<bool>>;

  // All must outlive it.
  EventRun(Outbox& outbox, database::Pool& pool, catalog::Registry& registry,
           invoke::Invoker& invoker, reactor::BlockingPool& blocking)
      : outbox_(outbox), pool_(pool), registry_(registry), invoker_(invoker), blocking_(blocking) {}

  reactor::Task<Ran> run(reactor::Loop& loop, Event event, Canceled canceled);

 private:
  reactor::Task<catalog::FunctionPtr> function_of(const Event& event);
  static invoke::Invocation invocation_of(const Event& event, catalog::FunctionPtr function,
                                          Canceled canceled);
  reactor::Task<Ran> run_transaction(reactor::Loop& loop, invoke::Invocation invocation, Ran ran);
  reactor::Task<database::SqlResult<bool>> acknowledge(reactor::Loop& loop,
                                                       database::PoolTransaction& transaction,
                                                       const Lease& lease);

  Outbox& outbox_;
  database::Pool& pool_;
  catalog::Registry& registry_;
  invoke::Invoker& invoker_;
  reactor::BlockingPool& blocking_;
};

}  // namespace triggers
