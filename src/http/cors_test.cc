#include "http/cors.h"

#include <string>

#include <gtest/gtest.h>

namespace http {
namespace {

std::string cors_for(const host::NameValues& headers) {
  std::string head;
  append_cors(head, headers);
  return head;
}

TEST(Cors, SaysWhatTheConventionsSay) {
  EXPECT_EQ(cors_for({{"content-type", "text/html"}}),
            "access-control-allow-origin: *\r\n"
            "access-control-allow-headers: authorization, x-client-info, apikey, content-type, "
            "x-retry-count, x-region, traceparent, tracestate, baggage\r\n"
            "access-control-allow-methods: GET, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
            "access-control-expose-headers: x-relay-error, sb-error-code, x-request-id\r\n");
}

TEST(Cors, TheGuestsOwnWinEachByItself) {
  const std::string head = cors_for({{"ACCESS-Control-Allow-Origin", "https://a.example"},
                                     {"access-control-expose-headers", "x-mine"}});
  EXPECT_EQ(head.find("allow-origin"), std::string::npos);
  EXPECT_EQ(head.find("expose-headers"), std::string::npos);
  EXPECT_NE(head.find("allow-headers"), std::string::npos);
  EXPECT_NE(head.find("allow-methods"), std::string::npos);
}

TEST(Cors, AnotherHeaderOfTheFamilyTakesNothingAway) {
  EXPECT_EQ(cors_for({{"access-control-allow-credentials", "true"}}), cors_for({}));
}

TEST(Cors, PreflightHasNoBody) {
  const Answer answer = preflight_answer();
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(answer.body.empty());
}

}  // namespace
}  // namespace http
