#include "database/sqlite/writer.h"

#include <array>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace {

using database::SqlError;
using database::SqlState;
using database::SystemSchema;
using database::sqlite::Administration;
using database::sqlite::Writer;

constexpr std::array<std::string_view, 1> kBroken{"CREATE TABLE broken ("};

SqlError refusal(Writer& writer) {
  std::promise<SqlError> answer;
  writer.submit([&answer](database::SqlResult<Administration*> administration) {
    answer.set_value(administration ? SqlError() : administration.error());
  });
  return answer.get_future().get();
}

// Callers read these messages, and the server's folders are not theirs to know.
TEST(Writer, AFileThatCannotBePreparedIsSaidWithoutItsPath) {
  const database::TestFolder folder;
  Writer writer(folder / "data.db", {SystemSchema{"broken", kBroken}});
  const SqlError error = refusal(writer);
  EXPECT_EQ(error.state, SqlState::kConnectionFailure);
  EXPECT_EQ(error.message.find('/'), std::string::npos) << error.message;
  EXPECT_EQ(error.message, "the database cannot be opened: incomplete input (SQLite 1)");
}

TEST(Writer, AFileOfANewerRoostIsRefused) {
  const database::TestFolder folder;
  constexpr std::array<std::string_view, 1> kOne{"CREATE TABLE _roost_one (a)"};
  {
    Writer newer(folder / "data.db", {SystemSchema{"one", kOne}});
    EXPECT_EQ(refusal(newer).message, "");
  }
  Writer older(folder / "data.db", {SystemSchema{"one", {}}});
  EXPECT_EQ(refusal(older).message,
            "the database cannot be opened: the schema one is at version 1, this program knows 0: "
            "run a newer roost");
}

}  // namespace
