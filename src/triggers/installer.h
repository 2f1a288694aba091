// Keeps the database's triggers and schedules as the deployed functions say.
//
// The registry is written first; `reconcile` then makes the database follow it, in one transaction,
// and does so again at every start: what a crash in between left undone is done then. A capture
// whose table has changed is made anew. One that cannot be installed is a fault, and leaves the
// others in peace. One per process; any loop.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/registry.h"
#include "database/pool.h"
#include "deploy/trigger_store.h"
#include "telemetry/log.h"
#include "triggers/capture.h"

namespace triggers {

class Installer final : public deploy::TriggerStore {
 public:
  // All must outlive it; `installed` is called after a change, to look for schedules.
  Installer(database::Pool& pool, const catalog::Registry& registry, const telemetry::Log& log)
      : pool_(pool), registry_(registry), log_(log) {}
  // Whether any function has a trigger: else no commit needs to be looked at.
  [[nodiscard]] bool fires() const { return fires_; }
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

  reactor::Task<base::Result<void>> check(reactor::Loop& loop,
                                          const catalog::Config& config) override;
  reactor::Task<base::Result<void>> reconcile(reactor::Loop& loop) override;
  [[nodiscard]] std::vector<deploy::TriggerFault> faults() const override;

 private:
  struct Wanted {
    std::string function;
    int version = 0;
    catalog::Trigger trigger;
  };
  struct Stored {
    std::int64_t id = 0;
    std::string spec;
    int version = 0;
  };
  struct Standing {
    std::string text;
    std::string table;
  };
  // One operation of a trigger: what is wanted, and what stands.
  struct Part {
    Capture capture;
    std::string name;
    std::optional<Standing> stands;
    std::string why_not;   // it does not fit its table; empty when it does
    bool renamed = false;  // but what stands fits it by another name
  };
  struct Present {
    std::map<std::pair<std::string, std::string>, Stored> triggers;  // by function and head
    std::map<std::string, Standing> captures;                        // by name
    std::int64_t next_id = 1;
  };
  // What makes one trigger be as it is wanted; without a function: takes away what is not.
  struct Step {
    std::string function = {};
    std::string trigger = {};
    std::vector<database::Statement> statements = {};
  };
  struct Plan {
    std::vector<Step> steps;
    std::vector<deploy::TriggerFault> faults;
  };
  template <class T>
  using Answer = reactor::Task<database::SqlResult<T>>;

  Answer<std::vector<std::vector<database::Row>>> ask(reactor::Loop& loop,
                                                      std::vector<database::Statement> statements);
  // Without columns when there is no such table.
  Answer<CapturedTable> table(reactor::Loop& loop, const std::string& name);
  Answer<Present> present(reactor::Loop& loop);
  Answer<bool> reconcile_once(reactor::Loop& loop);
  Answer<Plan> plan(reactor::Loop& loop, const std::vector<Wanted>& wants);
  // Whether anything has changed.
  Answer<bool> apply(reactor::Loop& loop, Plan& plan);
  static std::vector<Part> parts_of(const Wanted& want, const Stored& stored,
                                    const CapturedTable& table, Present& there);
  static void follow(const Wanted& want, const Stored& stored, const CapturedTable& table,
                     Present& there, Plan& plan);
  static std::string fault_of(const std::vector<Part>& parts, bool stays);
  static Step rest_of(const Present& there);
  [[nodiscard]] std::vector<Wanted> wanted() const;
  void note(std::vector<deploy::TriggerFault> faults);

  database::Pool& pool_;
  const catalog::Registry& registry_;
  const telemetry::Log& log_;
  std::function<void()> changed_;
  std::atomic<bool> fires_ = true;  // until the first look
  mutable std::mutex mutex_;
  std::vector<deploy::TriggerFault> faults_;
};

}  // namespace triggers
