// Functions and versions as rows of roost.db (catalog/schema.h).
//
// Each call is a few statements on a connection whose schema is up to date; whoever calls opens the
// transaction around those that write. Errors besides the named ones: the connection's, and
// kStorage when a row cannot be what Roost wrote.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/function.h"
#include "database/connection.h"

namespace catalog {

// What a deployment adds. Refers to its caller's bytes.
struct Deployment {
  const Config& config;
  std::string_view module;
  const base::Sha256& hash;  // of the module
};

base::Result<std::vector<Function>> select_functions(database::Connection& connection);
base::Result<Function> select_function(database::Connection& connection, std::string_view name);
base::Result<std::vector<Version>> select_versions(database::Connection& connection,
                                                   std::string_view name);
base::Result<Version> find_version(database::Connection& connection, std::string_view name,
                                   int number);
// Not checked against the hash.
base::Result<std::set<base::Sha256>> select_modules(database::Connection& connection);
base::Result<std::string> select_module(database::Connection& connection, const base::Sha256& hash);

// kAlreadyExists.
base::Result<void> insert_function(database::Connection& connection, const Deployment& deployment);
// All below: kNotFound.
base::Result<void> insert_version(database::Connection& connection, const Deployment& deployment);
base::Result<void> insert_canary_version(database::Connection& connection,
                                         const Deployment& deployment, const CanarySplit& split);
// kInvalidArgument when the version runs, or has no `http` trigger.
base::Result<void> update_canary(database::Connection& connection, std::string_view name,
                                 int version, const CanarySplit& split);
base::Result<void> delete_canary(database::Connection& connection, std::string_view name);
base::Result<void> update_current(database::Connection& connection, std::string_view name,
                                  int version);
base::Result<void> update_enabled(database::Connection& connection, std::string_view name,
                                  bool enabled);
base::Result<void> delete_function(database::Connection& connection, std::string_view name);

}  // namespace catalog
