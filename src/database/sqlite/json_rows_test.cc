#include "database/sqlite/json_rows.h"

#include <memory>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace {

using database::Bounds;
using database::Rows;
using database::SqlResult;
using database::SqlState;
using database::sqlite::JsonRows;

struct Memory {
  Memory() { EXPECT_EQ(sqlite3_open(":memory:", &connection), SQLITE_OK); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { EXPECT_EQ(sqlite3_close(connection), SQLITE_OK); }

  SqlResult<Rows> rows(const std::string& sql, const Bounds& bounds = {}) const {
    sqlite3_stmt* raw = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(connection, sql.c_str(), -1, &raw, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    JsonRows rows(raw);
    while (sqlite3_step(raw) == SQLITE_ROW) {
      if (auto added = rows.add(bounds); !added) return database::sql_fail(added.error());
    }
    return rows.take();
  }
  // Every text is checked by a parser that is not ours.
  std::string json(const std::string& sql) const {
    auto result = rows(sql);
    EXPECT_TRUE(result) << result.error().message;
    boost::json::error_code error;
    const auto parsed = boost::json::parse(result->json, error);
    EXPECT_FALSE(error) << result->json;
    EXPECT_EQ(parsed.as_array().size(), result->count);
    return result->json;
  }

  sqlite3* connection = nullptr;
};

TEST(JsonRows, EachTypeHasItsForm) {
  const Memory db;
  EXPECT_EQ(db.json("SELECT 1 AS a WHERE 0"), "[]");
  EXPECT_EQ(db.json("SELECT 9223372036854775807 AS a, -9223372036854775808 AS b, NULL AS c"),
            R"([{"a":9223372036854775807,"b":-9223372036854775808,"c":null}])");
  EXPECT_EQ(db.json("SELECT 0.1 AS a, 1.0 AS b, 1e300 AS c, 5e-324 AS d, -0.0 AS e"),
            R"([{"a":0.1,"b":1,"c":1e+300,"d":5e-324,"e":-0}])");
  EXPECT_EQ(db.json("SELECT 9e999 AS a, -9e999 AS b"), R"([{"a":"Infinity","b":"-Infinity"}])");
  EXPECT_EQ(db.json("SELECT x'00ff' AS a, x'' AS b, zeroblob(2) AS c, '' AS d"),
            R"([{"a":"\\x00ff","b":"\\x","c":"\\x0000","d":""}])");
  EXPECT_EQ(db.json("VALUES (1), (2)"), R"([{"column1":1},{"column1":2}])");
}

TEST(JsonRows, TextAndNamesAreAlwaysValid) {
  const Memory db;
  EXPECT_EQ(db.json("SELECT 'a' || char(10) || '\"\\' AS \"n\"\"\t\""),
            "[{\"n\\\"\\t\":\"a\\n\\\"\\\\\"}]");
  EXPECT_EQ(db.json("SELECT CAST(x'61ff62c3' AS TEXT) AS a"),
            "[{\"a\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"}]");
  EXPECT_EQ(db.json("SELECT CAST(x'610062' AS TEXT) AS a"), "[{\"a\":\"a\\u0000b\"}]");
}

TEST(JsonRows, JsonIsEmbeddedWhenItIsJson) {
  const Memory db;
  EXPECT_EQ(db.json("SELECT json('{\"x\": [1, 2]}') AS a, '[1]' AS b"),
            R"([{"a":{"x":[1,2]},"b":"[1]"}])");
  // What SQLite calls JSON but is not.
  EXPECT_EQ(db.json("SELECT json_array(9e999) AS a"), R"([{"a":"[Inf]"}])");
  EXPECT_EQ(db.json("SELECT json_array(CAST(x'ff' AS TEXT)) AS a"),
            "[{\"a\":\"[\\\"\xEF\xBF\xBD\\\"]\"}]");
  const std::string deep = db.json(
      "SELECT json(replace(printf('%600s', ''), ' ', '[') || "
      "replace(printf('%600s', ''), ' ', ']')) AS a");
  EXPECT_TRUE(deep.starts_with(R"([{"a":"[[[)")) << deep.substr(0, 20);
}

TEST(JsonRows, StopsAtItsBounds) {
  const Memory db;
  Bounds bounds;
  bounds.max_rows = 2;
  EXPECT_EQ(db.rows("VALUES (1), (2)", bounds)->count, 2U);
  const auto rows = db.rows("VALUES (1), (2), (3)", bounds);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().state, SqlState::kProgramLimitExceeded);
  EXPECT_EQ(rows.error().message, "the result has more than 2 rows: ask for fewer, with LIMIT");

  const std::string exact = R"([{"a":"0123456789"}])";
  bounds.max_bytes = exact.size();
  EXPECT_EQ(db.rows("SELECT '0123456789' AS a", bounds)->json, exact);
  bounds.max_bytes = exact.size() - 1;
  const auto bytes = db.rows("SELECT '0123456789' AS a", bounds);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().state, SqlState::kProgramLimitExceeded);
  EXPECT_FALSE(db.rows("SELECT zeroblob(20000000) AS a", {}));
  // Escapes count as they are written.
  EXPECT_FALSE(db.rows("SELECT char(1,1,1,1,1) AS a", bounds));
}

}  // namespace
