#include "http/error_response.h"

#include <string>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace http {
namespace {

using base::Code;

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(ErrorResponse, BodyHasThreeKeys) {
  const Answer answer = error_response({Code::kTrap, "it \"broke\"\n"});
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(header_of(answer, "content-type"), "application/json");
  const auto body = boost::json::parse(answer.body).as_object();
  EXPECT_EQ(body.size(), 3U);
  EXPECT_EQ(body.at("error").as_string(), "Function crashed");
  EXPECT_EQ(body.at("message").as_string(), "it \"broke\"\n");
  EXPECT_EQ(body.at("code").as_string(), "TRAP");
}

TEST(ErrorResponse, RelayCodesAreTheEcosystems) {
  const auto relay = [](Code code) {
    return header_of(error_response({code, ""}), "sb-error-code");
  };
  EXPECT_EQ(relay(Code::kNoCredential), "UNAUTHORIZED_NO_AUTH_HEADER");
  EXPECT_EQ(relay(Code::kInvalidCredential), "UNAUTHORIZED_INVALID_JWT_FORMAT");
  EXPECT_EQ(relay(Code::kNotFound), "NOT_FOUND");
  EXPECT_EQ(relay(Code::kConcurrencyLimit), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(relay(Code::kTimeout), "IDLE_TIMEOUT");
  for (const Code code : {Code::kCpuLimit, Code::kMemoryLimit, Code::kNodeMemory,
                          Code::kOutputLimit, Code::kHostCallLimit}) {
    EXPECT_EQ(relay(code), "WORKER_RESOURCE_LIMIT") << base::name_of(code);
  }
  for (const Code code : {Code::kTrap, Code::kBadResponse, Code::kGuestExit, Code::kQueryFailed}) {
    EXPECT_EQ(relay(code), "WORKER_ERROR") << base::name_of(code);
  }
  EXPECT_EQ(relay(Code::kInvalidModule), "BOOT_ERROR");
  EXPECT_EQ(relay(Code::kStorage), "BOOT_ERROR");
}

TEST(ErrorResponse, OthersHaveNoRelayCode) {
  for (const Code code :
       {Code::kInvalidArgument, Code::kForbidden, Code::kMethodNotAllowed, Code::kRequestTimeout,
        Code::kAlreadyExists, Code::kPayloadTooLarge, Code::kHeadersTooLarge, Code::kDraining,
        Code::kDatabaseUnavailable, Code::kUnavailable, Code::kInternal}) {
    EXPECT_EQ(relay_code_of(code), "") << base::name_of(code);
    const Answer answer = error_response({code, ""});
    EXPECT_EQ(header_of(answer, "sb-error-code"), "");
    EXPECT_EQ(answer.status, base::http_status_of(code));
  }
}

TEST(ErrorResponse, SomeStatusesCarryAHeaderMore) {
  using std::chrono::seconds;
  EXPECT_EQ(header_of(error_response({Code::kNoCredential, ""}), "www-authenticate"), "Bearer");
  EXPECT_EQ(header_of(error_response({Code::kInvalidCredential, ""}), "www-authenticate"),
            "Bearer");
  EXPECT_EQ(header_of(error_response({Code::kForbidden, ""}), "www-authenticate"), "");
  EXPECT_EQ(header_of(error_response({Code::kConcurrencyLimit, ""}, seconds(7)), "retry-after"),
            "7");
  EXPECT_EQ(header_of(error_response({Code::kConcurrencyLimit, ""}, seconds(0)), "retry-after"),
            "1");
  EXPECT_EQ(header_of(error_response({Code::kConcurrencyLimit, ""}), "retry-after"), "1");
  EXPECT_EQ(header_of(error_response({Code::kTimeout, ""}, seconds(7)), "retry-after"), "");
}

}  // namespace
}  // namespace http
