#include "http/admin_path.h"

#include <algorithm>
#include <array>
#include <span>

#include "catalog/function.h"
#include "http/health.h"

namespace http {
namespace {

constexpr std::string_view kFunctionsPath = "/admin/v1/functions";
constexpr std::string_view kEventsPath = "/admin/v1/events";
constexpr std::string_view kSchedulesPath = "/admin/v1/schedules";

struct Fixed {
  std::string_view path;
  AdminRoute route;
};

constexpr std::array kFixed{
    Fixed{kFunctionsPath, AdminRoute::kFunctions},
    Fixed{"/admin/v1/logs", AdminRoute::kLogs},
    Fixed{"/admin/v1/sql", AdminRoute::kSql},
    Fixed{"/admin/v1/migrations", AdminRoute::kMigrations},
    Fixed{"/admin/v1/policies", AdminRoute::kPolicies},
    Fixed{kEventsPath, AdminRoute::kEvents},
    Fixed{"/admin/v1/events/stats", AdminRoute::kEventStats},
    Fixed{"/admin/v1/events/redeliver", AdminRoute::kRedeliver},
    Fixed{"/admin/v1/events/discard", AdminRoute::kDiscard},
    Fixed{"/admin/v1/dead-letters", AdminRoute::kDeadLetters},
    Fixed{"/admin/v1/dead-letters/redeliver", AdminRoute::kRedeliverDeadLetters},
    Fixed{kSchedulesPath, AdminRoute::kSchedules},
    Fixed{"/admin/v1/schedules/at", AdminRoute::kRunAt},
    Fixed{"/admin/v1/backup", AdminRoute::kBackup},
    Fixed{"/admin/v1/openapi.json", AdminRoute::kOpenApi},
    Fixed{"/metrics", AdminRoute::kMetrics},
    Fixed{kHealthPath, AdminRoute::kHealth},
    Fixed{kReadyPath, AdminRoute::kReady},
};

constexpr std::array kOfFunction{
    Fixed{"", AdminRoute::kFunction},          Fixed{"/versions", AdminRoute::kVersions},
    Fixed{"/rollback", AdminRoute::kRollback}, Fixed{"/canary", AdminRoute::kCanary},
    Fixed{"/logs", AdminRoute::kFunctionLogs},
};

constexpr std::array kOfEvent{
    Fixed{"", AdminRoute::kEvent},
    Fixed{"/explain", AdminRoute::kEventExplanation},
};

constexpr std::array kOfSchedule{
    Fixed{"/pause", AdminRoute::kPause},
    Fixed{"/resume", AdminRoute::kResume},
    Fixed{"/run", AdminRoute::kRun},
};

bool is_event_id(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// What a folder has below it: each name that is one, and what can be asked of it.
struct Folder {
  std::string_view path;
  bool (*is_name)(std::string_view);
  std::span<const Fixed> actions;
};

constexpr std::array kFolders{
    Folder{kFunctionsPath, catalog::is_function_name, kOfFunction},
    Folder{kEventsPath, is_event_id, kOfEvent},
    Folder{kSchedulesPath, catalog::is_function_name, kOfSchedule},
};

}  // namespace

std::optional<AdminPath> match_admin_path(std::string_view path) {
  if (const auto* fixed = std::ranges::find(kFixed, path, &Fixed::path); fixed != kFixed.end()) {
    return AdminPath{fixed->route, {}};
  }
  const auto* folder = std::ranges::find_if(
      kFolders, [path](const Folder& each) { return path.starts_with(each.path); });
  if (folder == kFolders.end()) return std::nullopt;
  path.remove_prefix(folder->path.size());
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, slash);
  const auto action = std::ranges::find(folder->actions, path.substr(slash), &Fixed::path);
  if (action == folder->actions.end() || !folder->is_name(name)) return std::nullopt;
  return AdminPath{action->route, name};
}

std::string_view allowed_methods(AdminRoute route) {
  switch (route) {
    case AdminRoute::kFunctions:
      return "GET, HEAD, POST";
    case AdminRoute::kFunction:
      return "GET, HEAD, PUT, PATCH, DELETE";
    case AdminRoute::kCanary:
      return "PUT, DELETE";
    case AdminRoute::kRollback:
    case AdminRoute::kSql:
    case AdminRoute::kMigrations:
    case AdminRoute::kRedeliver:
    case AdminRoute::kDiscard:
    case AdminRoute::kRedeliverDeadLetters:
    case AdminRoute::kPause:
    case AdminRoute::kResume:
    case AdminRoute::kRun:
    case AdminRoute::kRunAt:
    case AdminRoute::kBackup:
      return "POST";
    default:
      return "GET, HEAD";
  }
}

bool allows(AdminRoute route, std::string_view method) {
  std::string_view rest = allowed_methods(route);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(", "), rest.size());
    if (rest.substr(0, comma) == method) return true;
    rest.remove_prefix(std::min(comma + 2, rest.size()));
  }
  return false;
}

bool needs_key(std::string_view path) {
  return path.starts_with(kAdminPrefix) &&
         (path.size() == kAdminPrefix.size() || path[kAdminPrefix.size()] == '/');
}

}  // namespace http
