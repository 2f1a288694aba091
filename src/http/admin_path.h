// The paths of the admin listener and the methods each has. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace http {

inline constexpr std::string_view kAdminPrefix = "/admin/v1";

enum class AdminRoute : std::uint8_t {
  kFunctions,             // /admin/v1/functions
  kFunction,              // /admin/v1/functions/{name}
  kVersions,              // /admin/v1/functions/{name}/versions
  kRollback,              // /admin/v1/functions/{name}/rollback
  kCanary,                // /admin/v1/functions/{name}/canary
  kFunctionLogs,          // /admin/v1/functions/{name}/logs
  kLogs,                  // /admin/v1/logs
  kSql,                   // /admin/v1/sql
  kMigrations,            // /admin/v1/migrations
  kPolicies,              // /admin/v1/policies
  kEvents,                // /admin/v1/events; from here to kRunAt: event_routes.h
  kEventStats,            // /admin/v1/events/stats
  kEvent,                 // /admin/v1/events/{id}
  kEventExplanation,      // /admin/v1/events/{id}/explain
  kRedeliver,             // /admin/v1/events/redeliver
  kDiscard,               // /admin/v1/events/discard
  kDeadLetters,           // /admin/v1/dead-letters
  kRedeliverDeadLetters,  // /admin/v1/dead-letters/redeliver
  kSchedules,             // /admin/v1/schedules
  kPause,                 // /admin/v1/schedules/{name}/pause
  kResume,                // /admin/v1/schedules/{name}/resume
  kRun,                   // /admin/v1/schedules/{name}/run
  kRunAt,                 // /admin/v1/schedules/at
  kBackup,                // /admin/v1/backup
  kOpenApi,               // /admin/v1/openapi.json
  kMetrics,               // /metrics
  kHealth,                // /healthz
  kReady,                 // /readyz
};

struct AdminPath {
  AdminRoute route;
  std::string_view name;  // of the function, or the event's id; empty where the route has none
};

std::optional<AdminPath> match_admin_path(std::string_view path);

// As Allow wants it: "GET, HEAD, POST".
std::string_view allowed_methods(AdminRoute route);
bool allows(AdminRoute route, std::string_view method);

// Whether a key is asked for: everything below /admin/v1, whether or not it exists.
bool needs_key(std::string_view path);

}  // namespace http
