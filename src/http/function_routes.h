// The function listener: any method on /functions/v1/{name}[/path], and health. All else is 404.
#pragma once

#include <string_view>

#include "http/routes.h"
#include "http/shared_state.h"

namespace http {

// What of a path names the function, and what the function sees of it.
struct FunctionPath {
  std::string_view name;
  std::string_view rest;  // begins with '/'; as it came, still percent-encoded
};

inline constexpr std::string_view kFunctionsPrefix = "/functions/v1/";

// Nothing when the path is not below the prefix, or names nothing there.
std::optional<FunctionPath> split_function_path(std::string_view path);

class FunctionRoutes final : public Routes {
 public:
  explicit FunctionRoutes(const SharedState& shared) : shared_(shared) {}

  [[nodiscard]] std::string_view listener() const override { return "functions"; }
  [[nodiscard]] CrossOrigin cross_origin() const override { return CrossOrigin::kAllowed; }
  [[nodiscard]] std::uint64_t max_body_bytes() const override {
    return shared_.settings.max_body_bytes;
  }

  // kNotFound, kNoCredential, kInvalidCredential.
  [[nodiscard]] base::Result<Pass> admit(const Request& head) const override;
  reactor::Task<Answer> answer(reactor::Loop& loop, Pass& pass, Request& request) override;

 private:
  [[nodiscard]] Answer answer_by_host(const Request& request) const;

  const SharedState& shared_;
};

}  // namespace http
