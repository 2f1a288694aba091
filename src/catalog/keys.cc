#include "catalog/keys.h"

#include <array>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "catalog/schema.h"

// The two tokens are stored, not signed at each start: users copy them, so they should not change.
namespace catalog {
namespace {

using base::Result;

// Where a key is kept in Keys and in the table. The name is also the context it is sealed with, so
// that rows cannot be swapped.
struct Slot {
  std::string_view name;
  std::string& (*in)(Keys&);
};

constexpr std::array<Slot, 3> kSlots{{
    {"jwt_secret", [](Keys& keys) -> std::string& { return keys.signing.jwt_secret; }},
    {"anon_key", [](Keys& keys) -> std::string& { return keys.anon_key; }},
    {"service_role_key", [](Keys& keys) -> std::string& { return keys.service_role_key; }},
}};

std::string context_of(const Slot& slot) { return fmt::format("signing_keys/{}", slot.name); }

Result<std::string> without_expiry(auth::Role role, const auth::KeySet& keys) {
  auth::TokenRequest request;
  request.role = role;
  request.lifetime = std::chrono::seconds(0);
  return auth::sign_token(request, keys, auth::Clock::now());
}

Result<Keys> make() {
  Keys keys;
  keys.made_now = true;
  keys.signing.jwt_secret = base::to_hex(base::random_bytes(32));
  auto anon = without_expiry(auth::Role::kAnon, keys.signing);
  if (!anon) return base::fail(std::move(anon.error()));
  auto service = without_expiry(auth::Role::kServiceRole, keys.signing);
  if (!service) return base::fail(std::move(service.error()));
  keys.anon_key = std::move(*anon);
  keys.service_role_key = std::move(*service);
  return keys;
}

Result<void> store(database::Connection& connection, const auth::MasterKey& master, Keys& keys) {
  for (const Slot& slot : kSlots) {
    const database::Blob sealed{master.seal(slot.in(keys), context_of(slot))};
    const auto rows = connection.query("INSERT INTO signing_keys (name, sealed) VALUES ($1, $2)",
                                       {std::string(slot.name), sealed});
    if (!rows) return base::fail(rows.error());
  }
  return {};
}

// The sealed bytes; nothing when there is no such row.
Result<std::optional<std::string>> sealed_key(database::Connection& connection, const Slot& slot) {
  const auto rows =
      connection.query("SELECT sealed FROM signing_keys WHERE name = $1", {std::string(slot.name)});
  if (!rows) return base::fail(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto* sealed = std::get_if<database::Blob>(&rows->front().front());
  return sealed == nullptr ? std::string() : sealed->bytes;
}

// Nothing when no key was ever stored.
Result<std::optional<Keys>> load(database::Connection& connection, const auth::MasterKey& master) {
  Keys keys;
  std::size_t found = 0;
  for (const Slot& slot : kSlots) {
    const auto sealed = sealed_key(connection, slot);
    if (!sealed) return base::fail(sealed.error());
    if (!*sealed) continue;
    ++found;
    auto opened = master.open(**sealed, context_of(slot));
    if (!opened) {
      return base::fail(base::Code::kInternal,
                        fmt::format("{} in roost.db was sealed with another master key: restore "
                                    "master.key or ROOST_MASTER_KEY ({})",
                                    slot.name, opened.error().message));
    }
    slot.in(keys) = std::move(*opened);
  }
  if (found == 0) return std::nullopt;
  if (found == kSlots.size()) return keys;
  return base::fail(base::Code::kStorage,
                    "roost.db has lost some of its signing keys: restore it from a backup");
}

}  // namespace

Result<Keys> load_or_make_keys(database::Connection& connection, const auth::MasterKey& master,
                               WhenMissing when_missing) {
  if (auto migrated = migrate_catalog(connection); !migrated) return base::fail(migrated.error());
  auto transaction = database::Transaction::begin(connection);
  if (!transaction) return base::fail(transaction.error());
  auto loaded = load(connection, master);
  if (!loaded) return base::fail(std::move(loaded.error()));
  if (*loaded) return std::move(**loaded);
  if (when_missing == WhenMissing::kRefuse) {
    return base::fail(
        base::Code::kStorage,
        "roost.db has no signing keys, though a server has run in this folder: it was "
        "lost or emptied. Restore it from a backup; or, to begin anew without "
        "functions and with other keys, delete keys.json");
  }
  auto keys = make();
  if (!keys) return keys;
  if (auto stored = store(connection, master, *keys); !stored) return base::fail(stored.error());
  if (auto committed = transaction->commit(); !committed) return base::fail(committed.error());
  return keys;
}

}  // namespace catalog
