// The paths of the admin listener and the methods each has. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace http {

inline constexpr std::string_view kAdminPrefix = "/admin/v1";

enum class AdminRoute : std::uint8_t {
  kFunctions,     // /admin/v1/functions
  kFunction,      // /admin/v1/functions/{name}
  kVersions,      // /admin/v1/functions/{name}/versions
  kRollback,      // /admin/v1/functions/{name}/rollback
  kFunctionLogs,  // /admin/v1/functions/{name}/logs
  kLogs,          // /admin/v1/logs
  kSql,           // /admin/v1/sql
  kMigrations,    // /admin/v1/migrations
  kPolicies,      // /admin/v1/policies
  kOpenApi,       // /admin/v1/openapi.json
  kMetrics,       // /metrics
  kHealth,        // /healthz
  kReady,         // /readyz
};

struct AdminPath {
  AdminRoute route;
  std::string_view name;  // of the function; empty where the route has none
};

std::optional<AdminPath> match_admin_path(std::string_view path);

// As Allow wants it: "GET, HEAD, POST".
std::string_view allowed_methods(AdminRoute route);
bool allows(AdminRoute route, std::string_view method);

// Whether a key is asked for: everything below /admin/v1, whether or not it exists.
bool needs_key(std::string_view path);

}  // namespace http
