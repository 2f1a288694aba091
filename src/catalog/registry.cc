#include "catalog/registry.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "catalog/canary.h"
#include "catalog/schema.h"
#include "catalog/tables.h"

namespace catalog {
namespace {

using base::Result;
using Functions = std::vector<FunctionPtr>;

// A function with two triggers on one subject is listed there once.
void append_once(Functions& list, const FunctionPtr& function) {
  if (list.empty() || list.back() != function) list.push_back(function);
}

// As it will be read when the server starts again: a config that parse_config refuses would keep it
// from starting.
Result<Config> as_stored(const Config& config) { return parse_config(to_json(config)); }

}  // namespace

// Immutable. The maps' keys are views into the functions that the index itself holds.
struct Registry::Index {
  struct OfKind {
    Functions all;
    std::map<std::string_view, Functions> by_subject;
  };

  explicit Index(Functions functions) : in_order(std::move(functions)) {
    for (const FunctionPtr& function : in_order) {
      by_name.emplace(function->name(), function);
      for (const Trigger& trigger : function->version.config.triggers) {
        OfKind& kind = by_trigger.at(static_cast<std::size_t>(trigger.kind));
        append_once(kind.all, function);
        append_once(kind.by_subject[trigger.subject], function);
      }
    }
  }

  Functions in_order;  // of name
  std::unordered_map<std::string_view, FunctionPtr> by_name;
  std::array<OfKind, 4> by_trigger;  // by TriggerKind
};

Result<std::unique_ptr<Registry>> Registry::open(std::unique_ptr<database::Connection> connection) {
  if (auto migrated = migrate_catalog(*connection); !migrated) return base::fail(migrated.error());
  auto rows = select_functions(*connection);
  if (!rows) return base::fail(std::move(rows.error()));
  Functions functions;
  for (Function& row : *rows) functions.push_back(std::make_shared<const Function>(std::move(row)));
  return std::unique_ptr<Registry>(new Registry(std::move(connection), std::move(functions)));
}

Registry::Registry(std::unique_ptr<database::Connection> connection, Functions functions)
    : connection_(std::move(connection)),
      index_(std::make_shared<const Index>(std::move(functions))) {}

Registry::~Registry() = default;

FunctionPtr Registry::find(std::string_view name) const {
  const auto index = index_.load();
  const auto found = index->by_name.find(name);
  return found == index->by_name.end() ? nullptr : found->second;
}

Functions Registry::by_trigger(TriggerKind kind, std::string_view subject) const {
  const auto index = index_.load();
  const auto& of_kind = index->by_trigger.at(static_cast<std::size_t>(kind));
  if (subject.empty()) return of_kind.all;
  const auto found = of_kind.by_subject.find(subject);
  return found == of_kind.by_subject.end() ? Functions() : found->second;
}

Functions Registry::list() const { return index_.load()->in_order; }

Result<FunctionPtr> Registry::create(const Config& config, std::string_view module) {
  const auto stored = as_stored(config);
  if (!stored) return base::fail(stored.error());
  const auto hash = base::sha256(module);
  return change(stored->name,
                [&] { return insert_function(*connection_, {*stored, module, hash}); });
}

Result<FunctionPtr> Registry::deploy(const Config& config, std::string_view module) {
  const auto stored = as_stored(config);
  if (!stored) return base::fail(stored.error());
  const auto hash = base::sha256(module);
  return change(stored->name,
                [&] { return insert_version(*connection_, {*stored, module, hash}); });
}

Result<FunctionPtr> Registry::deploy_canary(const Config& config, std::string_view module,
                                            const CanarySplit& split) {
  const auto stored = as_stored(config);
  if (!stored) return base::fail(stored.error());
  const auto share = checked_split(split);
  if (!share) return base::fail(share.error());
  const auto hash = base::sha256(module);
  return change(stored->name, [&] {
    return insert_canary_version(*connection_, {*stored, module, hash}, *share);
  });
}

Result<FunctionPtr> Registry::set_canary(std::string_view name, int version,
                                         const CanarySplit& split) {
  const auto share = checked_split(split);
  if (!share) return base::fail(share.error());
  return change(name, [&] { return update_canary(*connection_, name, version, *share); });
}

Result<FunctionPtr> Registry::remove_canary(std::string_view name) {
  return change(name, [&] { return delete_canary(*connection_, name); });
}

Result<FunctionPtr> Registry::rollback(std::string_view name, int version) {
  return change(name, [&] { return update_current(*connection_, name, version); });
}

Result<FunctionPtr> Registry::set_enabled(std::string_view name, bool enabled) {
  return change(name, [&] { return update_enabled(*connection_, name, enabled); });
}

Result<void> Registry::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto transaction = database::Transaction::begin(*connection_);
  if (!transaction) return base::fail(transaction.error());
  if (auto removed = delete_function(*connection_, name); !removed) return removed;
  if (auto committed = transaction->commit(); !committed) return committed;
  publish(name, nullptr);
  return {};
}

template <class Work>
Result<FunctionPtr> Registry::change(std::string_view name, Work work) {
  const std::lock_guard lock(mutex_);
  auto transaction = database::Transaction::begin(*connection_);
  if (!transaction) return base::fail(transaction.error());
  if (Result<void> worked = work(); !worked) return base::fail(std::move(worked.error()));
  auto row = select_function(*connection_, name);
  if (!row) return base::fail(std::move(row.error()));
  if (auto committed = transaction->commit(); !committed) return base::fail(committed.error());
  FunctionPtr function = std::make_shared<const Function>(std::move(*row));
  publish(name, function);
  return function;
}

void Registry::publish(std::string_view name, FunctionPtr function) {
  Functions functions = index_.load()->in_order;
  const auto [first, last] = std::ranges::equal_range(
      functions, name, {},
      [](const FunctionPtr& each) -> std::string_view { return each->name(); });
  const auto place = functions.erase(first, last);
  if (function) functions.insert(place, std::move(function));
  index_.store(std::make_shared<const Index>(std::move(functions)));
}

Result<std::vector<Version>> Registry::versions(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return select_versions(*connection_, name);
}

Result<std::set<base::Sha256>> Registry::modules() {
  const std::lock_guard lock(mutex_);
  return select_modules(*connection_);
}

Result<std::string> Registry::module(const base::Sha256& hash) {
  auto bytes = [&] {
    const std::lock_guard lock(mutex_);
    return select_module(*connection_, hash);
  }();
  if (bytes && base::sha256(*bytes) != hash) {
    return base::fail(
        base::Code::kStorage,
        fmt::format("the module {} was changed on disk, its hash no longer fits: deploy "
                    "it again, or restore roost.db from a backup",
                    base::to_hex(base::as_view(hash))));
  }
  return bytes;
}

}  // namespace catalog
