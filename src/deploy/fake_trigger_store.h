// For tests: takes every trigger, and counts what it was asked.
#pragma once

#include "deploy/trigger_store.h"

namespace deploy {

class FakeTriggerStore final : public TriggerStore {
 public:
  reactor::Task<base::Result<void>> check(reactor::Loop&, const catalog::Config&) override {
    ++checked;
    co_return refusal ? base::fail(*refusal) : base::Result<void>();
  }
  reactor::Task<base::Result<void>> reconcile(reactor::Loop&) override {
    ++reconciled;
    co_return failure ? base::fail(*failure) : base::Result<void>();
  }

  [[nodiscard]] std::vector<TriggerFault> faults() const override { return faulty; }

  std::vector<TriggerFault> faulty;
  std::optional<base::Error> refusal;
  std::optional<base::Error> failure;
  int checked = 0;
  int reconciled = 0;
};

}  // namespace deploy
