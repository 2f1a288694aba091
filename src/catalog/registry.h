// The functions of this server, in `roost.db`, with an index in memory.
//
// Reads (`find`, `by_trigger`, `list`) take an immutable snapshot; they never wait for a change or
// touch the disk: any thread, any time. Changes take a mutex, are one transaction in the database
// each, and are visible to reads only once committed; they block on the disk, so they run on the
// blocking pool, never on a loop. After `kill -9` at any point a change is there whole or not at
// all. One per process.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/function.h"
#include "catalog/snapshot.h"
#include "database/connection.h"

namespace catalog {

class Registry {
 public:
  // Migrates the schema and reads the index. Owns the connection.
  static base::Result<std::unique_ptr<Registry>> open(
      std::unique_ptr<database::Connection> connection);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  // Null when there is no such function.
  [[nodiscard]] FunctionPtr find(std::string_view name) const;
  // In order of name, disabled ones too. `subject` narrows tables, cron patterns and webhook
  // secrets; empty matches all.
  [[nodiscard]] std::vector<FunctionPtr> by_trigger(TriggerKind kind,
                                                    std::string_view subject = {}) const;
  [[nodiscard]] std::vector<FunctionPtr> list() const;

  // A new function with version 1. kAlreadyExists when the name is taken. Here and in `deploy`:
  // kInvalidArgument when `config` is not what parse_config would let pass.
  base::Result<FunctionPtr> create(const Config& config, std::string_view module);
  // The next version of an existing function. kNotFound.
  base::Result<FunctionPtr> deploy(const Config& config, std::string_view module);
  // Here and in `rollback`: a canary ends.
  // The next version, which runs as the canary only. kNotFound; kInvalidArgument when it has no
  // `http` trigger, or the split is none.
  base::Result<FunctionPtr> deploy_canary(const Config& config, std::string_view module,
                                          const CanarySplit& split);
  // As above, with a version that is there and does not run; takes the place of one before.
  base::Result<FunctionPtr> set_canary(std::string_view name, int version,
                                       const CanarySplit& split);
  base::Result<FunctionPtr> remove_canary(std::string_view name);
  // Makes an older (or newer) version the one that runs. kNotFound.
  base::Result<FunctionPtr> rollback(std::string_view name, int version);
  base::Result<FunctionPtr> set_enabled(std::string_view name, bool enabled);
  // With all its versions, and the modules that nothing else uses. kNotFound.
  base::Result<void> remove(std::string_view name);

  // Oldest first. kNotFound. Blocks on the disk, as does `module`.
  base::Result<std::vector<Version>> versions(std::string_view name);
  // The hashes of all of them, of all versions. Blocks.
  base::Result<std::set<base::Sha256>> modules();
  // The module's bytes, checked against the hash (I5). kNotFound; kStorage when they do not match.
  base::Result<std::string> module(const base::Sha256& hash);

 private:
  struct Index;
  Registry(std::unique_ptr<database::Connection> connection, std::vector<FunctionPtr> functions);

  // Runs `work`, which returns Result<void>, as one transaction and publishes what became of
  // `name`.
  template <class Work>
  base::Result<FunctionPtr> change(std::string_view name, Work work);
  // Replaces the function of that name in the index; null takes it out.
  void publish(std::string_view name, FunctionPtr function);

  std::mutex mutex_;                                  // guards connection_, orders publishes
  std::unique_ptr<database::Connection> connection_;  // used with mutex_ held
  Snapshot<Index> index_;                             // never null
};

}  // namespace catalog
