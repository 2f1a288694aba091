#include "invoke/environment.h"

#include <gtest/gtest.h>

namespace invoke {
namespace {

constexpr std::string_view kUrl = "http://127.0.0.1:9400";

catalog::Keys keys() {
  return {.signing = {"the-signing-secret-that-no-function-may-see"},
          .anon_key = "the-anon-key",
          .service_role_key = "the-service-key",
          .made_now = false};
}

TEST(FunctionEnvironment, NamesTheServerInBothDialects) {
  const host::Environment expected{{"ROOST_URL", std::string(kUrl)},
                                   {"SUPABASE_URL", std::string(kUrl)},
                                   {"ROOST_ANON_KEY", "the-anon-key"},
                                   {"SUPABASE_ANON_KEY", "the-anon-key"}};
  EXPECT_EQ(function_environment({}, keys(), kUrl), expected);
}

TEST(FunctionEnvironment, ServiceKeyOnlyWhereTheConfigAsksForIt) {
  catalog::Config config;
  for (const auto& [name, value] : function_environment(config, keys(), kUrl)) {
    EXPECT_EQ(name.find("SERVICE_ROLE"), std::string::npos) << name;
    EXPECT_NE(value, "the-service-key") << name;
  }
  config.service_role = true;
  const host::Environment granted = function_environment(config, keys(), kUrl);
  EXPECT_EQ(granted.at("ROOST_SERVICE_ROLE_KEY"), "the-service-key");
  EXPECT_EQ(granted.at("SUPABASE_SERVICE_ROLE_KEY"), "the-service-key");
}

TEST(FunctionEnvironment, SigningSecretIsNeverInIt) {
  catalog::Config config;
  config.service_role = true;
  for (const auto& [name, value] : function_environment(config, keys(), kUrl)) {
    EXPECT_EQ(value.find(keys().signing.jwt_secret), std::string::npos) << name;
  }
}

TEST(FunctionEnvironment, TheFunctionsOwnValuesWin) {
  catalog::Config config;
  config.environment = {{"SUPABASE_URL", "http://elsewhere:1"}, {"GREETING", ""}};
  const host::Environment environment = function_environment(config, keys(), kUrl);
  EXPECT_EQ(environment.at("SUPABASE_URL"), "http://elsewhere:1");
  EXPECT_EQ(environment.at("ROOST_URL"), kUrl);
  EXPECT_EQ(environment.at("GREETING"), "");
}

}  // namespace
}  // namespace invoke
