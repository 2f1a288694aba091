#include "query.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace {

namespace json = boost::json;

// The host: what it was asked, and what it answers.
struct Host {
  std::string sql, params, batch;
  std::string result;
  bool fails = false;

  [[nodiscard]] std::int32_t answer() const {
    const auto size = static_cast<std::int32_t>(result.size());
    return fails ? -size : size;
  }
};
Host host;

}  // namespace

extern "C" {
std::int32_t roost_import_db_query(const char* sql, std::uint32_t sql_length, const char* params,
                                   std::uint32_t params_length) {
  host.sql.assign(sql, sql_length);
  host.params = params == nullptr ? "" : std::string(params, params_length);
  return host.answer();
}
std::int32_t roost_import_db_batch(const char* batch, std::uint32_t length) {
  host.batch.assign(batch, length);
  return host.answer();
}
std::uint32_t roost_import_result_read(void* to, std::uint32_t offset, std::uint32_t length) {
  const std::string_view part = std::string_view(host.result).substr(offset, length);
  std::ranges::copy(part, static_cast<char*>(to));
  return static_cast<std::uint32_t>(part.size());
}
}

namespace {

using Text = std::unique_ptr<char, decltype(&std::free)>;

TEST(SdkQuery, RowsAndTheirCount) {
  host = {
      .sql = "", .params = "", .batch = "", .result = R"({"rows":[{"a":1},{"a":2}],"count":2})"};
  const SdkResult result = sdk_query("SELECT $1", "[1]");
  const Text text(result.text, &std::free);
  EXPECT_EQ(host.sql, "SELECT $1");
  EXPECT_EQ(host.params, "[1]");
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(std::string_view(result.text), host.result);
  EXPECT_EQ(result.rows, 2U);
  EXPECT_EQ(result.count, 2);
  EXPECT_FALSE(result.is_unique_violation);
}

TEST(SdkQuery, ErrorsAreTold) {
  host = {.sql = "",
          .params = "x",
          .batch = "",
          .result = R"({"code":"23505","class":"unique_violation","message":"m"})",
          .fails = true};
  const SdkResult taken = sdk_query("INSERT", nullptr);
  const Text first(taken.text, &std::free);
  EXPECT_EQ(host.params, "");
  EXPECT_FALSE(taken.ok);
  EXPECT_TRUE(taken.is_unique_violation);
  EXPECT_EQ(taken.length, host.result.size());
  EXPECT_EQ(taken.rows, 0U);
  host.result = R"({"code":"42601","class":"syntax_error","message":"m"})";
  const SdkResult other = sdk_query("INSERT", nullptr);
  const Text second(other.text, &std::free);
  EXPECT_FALSE(other.is_unique_violation);
}

TEST(SdkQuery, BatchIsPassedOn) {
  host = {.sql = "", .params = "", .batch = "", .result = R"({"results":[]})"};
  const SdkResult result = sdk_batch(R"([{"sql":"A"}])");
  const Text text(result.text, &std::free);
  EXPECT_EQ(host.batch, R"([{"sql":"A"}])");
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(std::string_view(result.text), host.result);
}

TEST(SdkParams, EveryKindInOrder) {
  EXPECT_EQ(sdk_params(0, 0, "", 0), nullptr);
  const std::string all("a\"\\\n\0ä", 7);
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-7}, INT64_MAX, INT64_MIN}) {
    for (const std::size_t times : {1U, 2U, 50U}) {
      const Text text(sdk_params(times, number, all.data(), all.size()), &std::free);
      json::array wanted;
      for (std::size_t i = 0; i < times; ++i) {
        for (const json::value& value :
             json::array{nullptr, true, false, number, json::string(all), {{"a", 1.5}}}) {
          wanted.push_back(value);
        }
      }
      EXPECT_EQ(json::parse(text.get()), json::value(wanted));
    }
  }
}

}  // namespace
