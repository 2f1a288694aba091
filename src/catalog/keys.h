// The server's signing keys: made on the first start, sealed in the database by the master key.
#pragma once

#include <string>

#include "auth/seal.h"
#include "auth/token.h"
#include "base/error.h"
#include "database/connection.h"

namespace catalog {

struct Keys {
  auth::KeySet signing;
  std::string anon_key;          // a JWT with role anon, without expiry
  std::string service_role_key;  // a JWT with role service_role, without expiry
  bool made_now = false;         // this call made them
};

enum class WhenMissing { kMake, kRefuse };

// Reads the keys, or makes and stores them where that may be. kStorage; kInternal when the master
// key does not fit
// ("… was sealed with another master key: restore master.key or ROOST_MASTER_KEY").
base::Result<Keys> load_or_make_keys(database::Connection& connection,
                                     const auth::MasterKey& master,
                                     WhenMissing when_missing = WhenMissing::kMake);

}  // namespace catalog
