#include "http/admin_json.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace http {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using Time = std::chrono::system_clock::time_point;

catalog::Function function() {
  catalog::Function out;
  out.version.number = 3;
  out.version.module_bytes = 42;
  out.version.module.fill(0xab);
  out.version.config.name = "hello";
  out.version.config.environment = {{"API_KEY", "top-secret"}, {"GREETING", "Hello"}};
  out.version.config.triggers = {catalog::Trigger{}};
  out.created_at = Time(milliseconds(1'000));
  out.version.created_at = Time(milliseconds(86'400'123));
  return out;
}

TEST(AdminJson, FunctionHasItsKeysAndNoSecrets) {
  const std::string text = function_json(function(), {});
  const json::object object = json::parse(text).as_object();
  EXPECT_EQ(object.size(), 7U);
  EXPECT_EQ(object.at("name").as_string(), "hello");
  EXPECT_TRUE(object.at("enabled").as_bool());
  EXPECT_EQ(object.at("version").as_int64(), 3);
  EXPECT_EQ(object.at("module_bytes").as_int64(), 42);
  EXPECT_EQ(object.at("module_sha256").as_string().size(), 64U);
  EXPECT_EQ(object.at("created_at").as_string(), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(object.at("config").at("env").at("GREETING").as_string(), "Hello");
  EXPECT_EQ(text.find("top-secret"), std::string::npos);
}

TEST(AdminJson, AFunctionHasItsOwnFaults) {
  const std::vector<deploy::TriggerFault> faults{
      {"other", "table:a:insert", "x"},
      {"hello", "table:\"b\":insert", "there is no table \"b\""},
      {"hello", "cron:@daily", "y"}};
  const json::object object = json::parse(function_json(function(), faults)).as_object();
  EXPECT_EQ(object.at("faults"),
            json::parse(R"([{"trigger":"table:\"b\":insert","reason":"there is no table \"b\""},)"
                        R"({"trigger":"cron:@daily","reason":"y"}])"));
  const auto functions = {std::make_shared<const catalog::Function>(function())};
  EXPECT_NE(functions_json({functions}, faults).find("faults"), std::string::npos);
  EXPECT_EQ(function_json(function(), {faults[0]}), function_json(function(), {}));
}

TEST(AdminJson, ListsHaveOneKey) {
  catalog::Function disabled = function();
  disabled.enabled = false;
  const std::vector<catalog::FunctionPtr> functions{
      std::make_shared<const catalog::Function>(function()),
      std::make_shared<const catalog::Function>(disabled)};
  const json::array listed = json::parse(functions_json(functions, {})).at("functions").as_array();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_FALSE(listed[1].at("enabled").as_bool());
  EXPECT_EQ(functions_json({}, {}), R"({"functions":[]})");

  const json::array versions =
      json::parse(versions_json({function().version})).at("versions").as_array();
  EXPECT_EQ(versions.at(0).as_object().size(), 5U);
  EXPECT_EQ(versions.at(0).at("created_at").as_string(), "1970-01-02T00:00:00.123Z");
  EXPECT_EQ(entries_json({}), R"({"entries":[]})");
  EXPECT_EQ(json::parse(entries_json({journal::Entry{}, journal::Entry{}}))
                .at("entries")
                .as_array()
                .size(),
            2U);
}

TEST(AdminJson, PatchIsOneBool) {
  EXPECT_TRUE(parse_patch(R"({"enabled":true})").value());
  EXPECT_FALSE(parse_patch(R"( {"enabled" : false} )").value());
  for (const char* const bad : {"", "{}", "[]", "true", R"({"enabled":1})", R"({"enabled":null})",
                                R"({"enabled":true,"x":1})", R"({"x":1})",
                                R"({"enabled":true,"enabled":false})", R"({"enabled":true}x)"}) {
    const auto patch = parse_patch(bad);
    ASSERT_FALSE(patch) << bad;
    EXPECT_EQ(patch.error().code, base::Code::kInvalidArgument);
  }
  EXPECT_NE(parse_patch(R"({"x":1})").error().message.find("'x'"), std::string::npos);
}

TEST(AdminJson, RollbackIsOneVersion) {
  EXPECT_EQ(parse_rollback(R"({"version":2})").value(), 2);
  for (const char* const bad : {"{}", R"({"version":0})", R"({"version":-1})", R"({"version":1.5})",
                                R"({"version":"1"})", R"({"version":2147483648})"}) {
    EXPECT_FALSE(parse_rollback(bad)) << bad;
  }
}

TEST(AdminJson, ConfigTakesItsNameFromThePath) {
  EXPECT_EQ(parse_config_of(R"({"timeout":"2s"})", "hello")->name, "hello");
  EXPECT_EQ(parse_config_of(R"({"timeout":"2s"})", "hello")->limits.timeout, milliseconds(2000));
  EXPECT_EQ(parse_config_of(R"({"name":"hello"})", "hello")->name, "hello");
  const auto other = parse_config_of(R"({"name":"other"})", "hello");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("'other'"), std::string::npos);
  for (const char* const bad : {"", "[]", R"({"name":7})", R"({"unknown":1})"}) {
    EXPECT_FALSE(parse_config_of(bad, "hello")) << bad;
  }
}

}  // namespace
}  // namespace http
