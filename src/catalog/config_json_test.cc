#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "catalog/function.h"

namespace {

using catalog::Config;
using catalog::parse_config;
using catalog::Trigger;
using catalog::TriggerKind;
using std::chrono::milliseconds;

// A config with `member` besides its name.
std::string with(std::string_view member) { return fmt::format(R"({{"name":"f",{}}})", member); }

Config parsed(std::string_view json) {
  auto config = parse_config(json);
  EXPECT_TRUE(config) << json.substr(0, 200) << " → " << config.error().message;
  return config ? *config : Config();
}

// The message without "config.".
std::string refusal(std::string_view json) {
  const auto config = parse_config(json);
  EXPECT_FALSE(config) << json.substr(0, 200);
  if (config) return "";
  EXPECT_EQ(config.error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(config.error().message.substr(0, 6), "config") << config.error().message;
  return config.error().message.substr(7);
}

void expect_refused_at(std::string_view path, std::string_view member) {
  EXPECT_EQ(refusal(with(member)).substr(0, path.size() + 1), std::string(path) + ":") << member;
}

std::string variables(int count) {
  std::string members;
  for (int i = 0; i < count; ++i) members += fmt::format("{}\"V{}\":\"x\"", i == 0 ? "" : ",", i);
  return members;
}

TEST(FunctionConfig, DefaultsHoldWithOnlyAName) {
  const Config config = parsed(R"({"name":"hello"})");
  Config expected;
  expected.name = "hello";
  expected.triggers = {Trigger{}};
  EXPECT_EQ(config, expected);
  EXPECT_TRUE(config.verify_jwt);
  EXPECT_FALSE(config.service_role);
  EXPECT_EQ(config.limits.timeout, milliseconds(10'000));
  EXPECT_EQ(config.limits.memory_bytes, 128 * base::kMiB);
  EXPECT_EQ(parsed(with(R"("triggers":[])")).triggers, expected.triggers);
}

TEST(FunctionConfig, EveryKeyIsReadAndWrittenBack) {
  const Config config = parsed(
      R"json({"name":"hello","verify_jwt":false,"service_role":true,"timeout":"1500ms","cpu":"1ms",
          "memory":"64MiB","max_response":1,"max_log":"0B","concurrency":1,"env":{"A":"","B_1":"\u00e9\"\n"},
          "triggers":["cron:* * * * *","table:users:insert,update(name)","webhook:S"]})json");
  EXPECT_FALSE(config.verify_jwt);
  EXPECT_TRUE(config.service_role);
  EXPECT_EQ(config.limits.timeout, milliseconds(1500));
  EXPECT_EQ(config.limits.cpu, milliseconds(1));
  EXPECT_EQ(config.limits.memory_bytes, 64 * base::kMiB);
  EXPECT_EQ(config.limits.response_bytes, 1U);
  EXPECT_EQ(config.limits.log_bytes, 0U);
  EXPECT_EQ(config.limits.concurrency, 1U);
  EXPECT_EQ(config.environment, (catalog::Environment{{"A", ""}, {"B_1", "\xc3\xa9\"\n"}}));
  ASSERT_EQ(config.triggers.size(), 3U);
  EXPECT_EQ(config.triggers[1], (Trigger{TriggerKind::kTable, "users", "insert,update(name)"}));

  EXPECT_EQ(parsed(to_json(config)), config);
  Config odd = config;
  odd.limits.cpu.reset();
  odd.limits.concurrency.reset();
  odd.limits.timeout = milliseconds(299'999);
  odd.limits.memory_bytes = 16 * base::kMiB + 1;
  odd.limits.log_bytes = 3 * base::kKiB;
  EXPECT_EQ(parsed(to_json(odd)), odd);
}

TEST(FunctionConfig, BoundsAreInclusive) {
  EXPECT_EQ(parsed(with(R"("timeout":1)")).limits.timeout, milliseconds(1'000));
  EXPECT_EQ(parsed(with(R"("timeout":"5m")")).limits.timeout, milliseconds(300'000));
  EXPECT_EQ(parsed(with(R"("cpu":10)")).limits.cpu, milliseconds(10'000));
  EXPECT_EQ(parsed(with(R"("cpu":"1000us")")).limits.cpu, milliseconds(1));
  EXPECT_EQ(parsed(with(R"("memory":16777216)")).limits.memory_bytes, 16 * base::kMiB);
  EXPECT_EQ(parsed(with(R"("memory":"512MiB")")).limits.memory_bytes, 512 * base::kMiB);
  EXPECT_EQ(parsed(with(R"("max_response":"6MiB")")).limits.response_bytes, 6 * base::kMiB);
  EXPECT_EQ(parsed(with(R"("max_log":"1MiB")")).limits.log_bytes, base::kMiB);
}

TEST(FunctionConfig, ValuesOutOfBoundsAreRefusedWithTheirPath) {
  EXPECT_EQ(refusal(with(R"("timeout":"999ms")")), "timeout: must be from 1s to 300s, not 999ms");
  expect_refused_at("timeout", R"("timeout":301)");
  expect_refused_at("timeout", R"("timeout":0)");
  expect_refused_at("timeout", R"("timeout":"300000001us")");
  expect_refused_at("cpu", R"("cpu":"999us")");
  expect_refused_at("cpu", R"("cpu":"1500us")");
  expect_refused_at("cpu", R"("cpu":"0s")");
  EXPECT_EQ(refusal(with(R"("cpu":"2001ms","timeout":"2s")")),
            "cpu: must not be longer than the timeout, 2s");
  EXPECT_EQ(refusal(with(R"("memory":16777215)")),
            "memory: must be from 16MiB to 512MiB, not 16777215B");
  expect_refused_at("memory", R"("memory":"513MiB")");
  expect_refused_at("memory", R"("memory":18446744073709551615)");
  expect_refused_at("memory", R"("memory":1e300)");
  expect_refused_at("max_response", R"("max_response":0)");
  expect_refused_at("max_response", R"("max_response":6291457)");
  expect_refused_at("max_log", R"("max_log":1048577)");
}

TEST(FunctionConfig, ValuesOfAnotherTypeAreRefusedWithTheirPath) {
  expect_refused_at("timeout", R"("timeout":-1)");
  expect_refused_at("timeout", R"("timeout":1.5)");
  expect_refused_at("timeout", R"("timeout":"soon")");
  expect_refused_at("timeout", R"("timeout":null)");
  expect_refused_at("cpu", R"("cpu":true)");
  expect_refused_at("memory", R"("memory":"64 parsecs")");
  expect_refused_at("memory", R"("memory":["64MiB"])");
  expect_refused_at("memory", fmt::format(R"("memory":"{}")", std::string(1000, '1')));
  expect_refused_at("verify_jwt", R"("verify_jwt":"false")");
  expect_refused_at("service_role", R"("service_role":1)");
  expect_refused_at("env", R"("env":[])");
  expect_refused_at("env.PORT", R"("env":{"PORT":80})");
  expect_refused_at("triggers", R"("triggers":"http")");
  expect_refused_at("triggers[1]", R"("triggers":["http",7])");
  expect_refused_at("triggers[0]", R"("triggers":["queue:x"])");
}

TEST(FunctionConfig, NamesAreChecked) {
  EXPECT_EQ(refusal("{}"), "name: is missing");
  for (const char* name : {R"("")", R"("Hello")", R"("a/../b")", R"("a\u0000")", "null", "7"}) {
    EXPECT_EQ(refusal(fmt::format(R"({{"name":{}}})", name)).substr(0, 5), "name:") << name;
  }
}

TEST(FunctionConfig, UnknownKeysAreRefused) {
  EXPECT_EQ(refusal(with(R"("timeouts":"2s")")),
            " unknown key \"timeouts\": the keys are name, verify_jwt, service_role, timeout, cpu, "
            "memory, max_response, max_log, concurrency, env, triggers");
  EXPECT_LT(refusal(with(fmt::format(R"("{}":1)", std::string(100'000, 'k')))).size(), 400U);
}

TEST(FunctionConfig, ConcurrencyIsAWholeNumberWithinItsBounds) {
  for (const char* bad : {"0", "100001", "1.5", "\"1\""}) {
    EXPECT_NE(refusal(with(fmt::format(R"("concurrency":{})", bad))).find("from 1 to 100000"),
              std::string::npos)
        << bad;
  }
}

TEST(FunctionConfig, DuplicateKeysAndTriggersAreRefused) {
  EXPECT_EQ(refusal(with(R"("name":"g")")), " the key \"name\" is there twice: keep one of them");
  EXPECT_EQ(refusal(with(R"("env":{"A":"1","\u0041":"2"})")),
            " the key \"A\" is there twice: keep one of them");
  EXPECT_EQ(refusal(with(R"("triggers":["http","cron:@daily","http"])")),
            "triggers[2]: \"http\" is there twice");
  EXPECT_EQ(parsed(with(R"("env":{"name":"1","NAME":"2"})")).environment.size(), 2U)
      << "the same key in two objects, or in another case, is another key";
}

TEST(FunctionConfig, TextThatIsNotAConfigIsRefused) {
  const std::string deep = with("\"env\":" + std::string(5000, '['));
  for (const std::string& json :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"), std::string("{}x"),
        std::string("{\"name\":\"f\",}"), std::string("{'name':'f'}"),
        std::string("{\"name\":\"\xff\"}"), std::string("\xef\xbb\xbf{\"name\":\"f\"}"),
        std::string("{\"name\":\"f\"}\0", 13), std::string("// c\n{\"name\":\"f\"}"), deep}) {
    refusal(json);
  }
  EXPECT_EQ(refusal(std::string(5 * base::kMiB, ' ')), " longer than 4 MiB");
}

TEST(FunctionConfig, EnvironmentIsBounded) {
  EXPECT_EQ(parsed(with(fmt::format("\"env\":{{{}}}", variables(256)))).environment.size(), 256U);
  expect_refused_at("env", fmt::format("\"env\":{{{}}}", variables(257)));

  const auto variable = [](std::size_t name, std::size_t value) {
    return fmt::format(R"("env":{{"{}":"{}"}})", std::string(name, 'N'), std::string(value, 'v'));
  };
  EXPECT_EQ(parsed(with(variable(256, 65'536))).environment.size(), 1U);
  expect_refused_at("env", variable(257, 1));
  expect_refused_at("env." + std::string(1, 'N'), variable(1, 65'537));

  const std::string full(65'536, 'v');
  const auto five = [&](std::string_view last) {
    return with(
        fmt::format(R"("env":{{"A":"{0}","B":"{0}","C":"{0}","D":"{0}","E":"{1}"}})", full, last));
  };
  EXPECT_EQ(parsed(five("")).environment.size(), 5U);
  EXPECT_EQ(refusal(five("v")), "env: its values are longer than 256 KiB in all");
}

TEST(FunctionConfig, EnvironmentNamesAndValuesAreChecked) {
  for (const char* name : {"", "1A", "A-B", "A B", "A=B", "\\u00e9", "A\\u0000"}) {
    expect_refused_at("env", fmt::format(R"("env":{{"{}":"x"}})", name));
  }
  expect_refused_at("env.A", R"("env":{"A":"x\u0000y"})");
}

TEST(FunctionConfig, ShortSecretsAreRefusedWithoutShowingThem) {
  for (const char* name : {"API_KEY", "my_secret", "DbPassword", "TOKENS"}) {
    const std::string message = refusal(with(fmt::format(R"("env":{{"{}":"q7q7q"}})", name)));
    EXPECT_NE(message.find("shorter than 6 bytes"), std::string::npos) << message;
    EXPECT_EQ(message.find("q7q7q"), std::string::npos) << message;
    EXPECT_EQ(parsed(with(fmt::format(R"("env":{{"{}":"q7q7q7"}})", name))).environment.size(), 1U);
  }
  EXPECT_EQ(parsed(with(R"("env":{"MODE":"x"})")).environment.size(), 1U);
}

TEST(FunctionConfig, PublicJsonHidesSecretsAlone) {
  const Config config = parsed(with(R"("env":{"API_KEY":"hunter22","MODE":"fast"})"));
  EXPECT_NE(to_json(config).find("hunter22"), std::string::npos);
  const std::string shown = to_public_json(config);
  EXPECT_EQ(shown.find("hunter22"), std::string::npos);
  EXPECT_NE(shown.find(R"("API_KEY":"***REDACTED***")"), std::string::npos) << shown;
  EXPECT_NE(shown.find(R"("MODE":"fast")"), std::string::npos) << shown;
}

}  // namespace
