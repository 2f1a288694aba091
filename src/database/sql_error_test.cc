#include "database/sql_error.h"

#include <set>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace {

using database::SqlError;
using database::SqlState;

TEST(SqlError, EveryStateHasACodeAndANameOfItsOwn) {
  std::set<std::string_view> codes, names;
  for (int i = 0; i <= static_cast<int>(SqlState::kInternalError); ++i) {
    const auto state = static_cast<SqlState>(i);
    const std::string_view code = database::code_of(state);
    EXPECT_EQ(code.size(), 5U);
    EXPECT_TRUE(codes.insert(code).second) << code;
    EXPECT_TRUE(names.insert(database::name_of(state)).second) << code;
    EXPECT_EQ(database::state_of(code), state);
  }
  EXPECT_EQ(database::code_of(SqlState::kUniqueViolation), "23505");
  EXPECT_EQ(database::name_of(SqlState::kUniqueViolation), "unique_violation");
  EXPECT_EQ(database::code_of(SqlState::kInternalError), "XX000");
  EXPECT_EQ(database::state_of("12345"), std::nullopt);
  EXPECT_EQ(database::state_of(""), std::nullopt);
}

TEST(SqlError, IsJsonWhateverItsMessageHolds) {
  const SqlError error{SqlState::kSyntaxError, "near \"\xff\n\": it's wrong", 17};
  EXPECT_EQ(database::to_json(error),
            "{\"code\":\"42601\",\"class\":\"syntax_error\",\"message\":"
            "\"near \\\"\xEF\xBF\xBD\\n\\\": it's wrong\",\"position\":17}");
  const SqlError second{SqlState::kSyntaxError, "m", std::nullopt, 1};
  EXPECT_EQ(database::to_json(second),
            R"({"code":"42601","class":"syntax_error","message":"m","statement":1})");
  const auto parsed = boost::json::parse(database::to_json({SqlState::kDiskFull, "full", {}}));
  EXPECT_EQ(parsed.as_object().size(), 3U);
  EXPECT_EQ(parsed.at("code").as_string(), "53100");
}

TEST(SqlError, TellsTheMachinesFaultFromTheStatements) {
  const auto code = [](SqlState state) { return database::to_error({state, "m", {}}).code; };
  EXPECT_EQ(code(SqlState::kSyntaxError), base::Code::kInvalidArgument);
  EXPECT_EQ(code(SqlState::kProgramLimitExceeded), base::Code::kInvalidArgument);
  EXPECT_EQ(code(SqlState::kQueryCanceled), base::Code::kTimeout);
  EXPECT_EQ(code(SqlState::kSerializationFailure), base::Code::kDatabaseUnavailable);
  EXPECT_EQ(code(SqlState::kIoError), base::Code::kDatabaseUnavailable);
  EXPECT_EQ(code(SqlState::kInternalError), base::Code::kInternal);
  EXPECT_EQ(database::to_error({SqlState::kUniqueViolation, "taken", {}}).message,
            "taken (23505, unique_violation)");
}

TEST(SqlError, OnlyADatabaseThatFailsIsCounted) {
  std::set<std::string_view> failures;
  for (int i = 0; i <= static_cast<int>(SqlState::kInternalError); ++i) {
    const auto state = static_cast<SqlState>(i);
    if (database::is_database_failure(state)) failures.insert(database::code_of(state));
  }
  EXPECT_EQ(failures, (std::set<std::string_view>{"53100", "58030", "08006"}));
}

}  // namespace
