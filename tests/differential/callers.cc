#include "differential/callers.h"

#include <string>

namespace differential {
namespace {

// The role stands in the claims, as PostgREST puts it there.
auth::Principal user(std::string_view id, std::string_view more = "") {
  const std::string sub(id);
  return {auth::Role::kAuthenticated, sub,
          R"({"role":"authenticated","sub":")" + sub + "\"" + std::string(more) + "}"};
}

}  // namespace

const std::vector<Caller>& callers() {
  static const std::vector<Caller> kCallers{
      {"anon", {auth::Role::kAnon, "", R"({"role":"anon"})"}},
      {"alice", user(kAlice)},
      {"bob", user(kBob)},
      {"carol", user(kCarol, R"(,"app_metadata":{"role":"moderator","level":3})")},
      {"dave", user(kDave)},
      {"nameless", {auth::Role::kAuthenticated, "", R"({"role":"authenticated"})"}},
      {"service", auth::Principal::service()},
  };
  return kCallers;
}

}  // namespace differential
