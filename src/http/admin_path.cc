#include "http/admin_path.h"

#include <algorithm>
#include <array>

#include "catalog/function.h"
#include "http/health.h"

namespace http {
namespace {

constexpr std::string_view kFunctionsPath = "/admin/v1/functions";

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
    Fixed{"/admin/v1/openapi.json", AdminRoute::kOpenApi},
    Fixed{"/metrics", AdminRoute::kMetrics},
    Fixed{kHealthPath, AdminRoute::kHealth},
    Fixed{kReadyPath, AdminRoute::kReady},
};

constexpr std::array kOfFunction{
    Fixed{"", AdminRoute::kFunction},
    Fixed{"/versions", AdminRoute::kVersions},
    Fixed{"/rollback", AdminRoute::kRollback},
    Fixed{"/logs", AdminRoute::kFunctionLogs},
};

}  // namespace

std::optional<AdminPath> match_admin_path(std::string_view path) {
  if (const auto* fixed = std::ranges::find(kFixed, path, &Fixed::path); fixed != kFixed.end()) {
    return AdminPath{fixed->route, {}};
  }
  if (!path.starts_with(kFunctionsPath)) return std::nullopt;
  path.remove_prefix(kFunctionsPath.size());
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, slash);
  const auto* action = std::ranges::find(kOfFunction, path.substr(slash), &Fixed::path);
  if (action == kOfFunction.end() || !catalog::is_function_name(name)) return std::nullopt;
  return AdminPath{action->route, name};
}

std::string_view allowed_methods(AdminRoute route) {
  switch (route) {
    case AdminRoute::kFunctions:
      return "GET, HEAD, POST";
    case AdminRoute::kFunction:
      return "GET, HEAD, PUT, PATCH, DELETE";
    case AdminRoute::kRollback:
    case AdminRoute::kSql:
    case AdminRoute::kMigrations:
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
