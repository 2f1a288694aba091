// What PostgreSQL 15 answers to the same calls; where it answers an error, its state and message.
#include "database/sqlite/functions.h"

#include <memory>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "database/sqlite/failure.h"
#include "database/sqlite/json_rows.h"

namespace {

using database::sqlite::Caller;

struct Memory {
  Memory() {
    EXPECT_EQ(sqlite3_open(":memory:", &connection), SQLITE_OK);
    EXPECT_EQ(database::sqlite::register_functions(connection, caller), SQLITE_OK);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { EXPECT_EQ(sqlite3_close(connection), SQLITE_OK); }

  // The value as JSON, or "state: message".
  std::string operator()(const std::string& expression) const {
    const std::string sql = "SELECT " + expression + " AS v";
    sqlite3_stmt* raw = nullptr;
    sqlite3_prepare_v2(connection, sql.c_str(), -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    database::sqlite::JsonRows rows(raw);
    if (raw == nullptr || sqlite3_step(raw) != SQLITE_ROW) {
      const auto error = database::sqlite::sqlite_error(connection);
      return std::string(database::code_of(error.state)) + ": " + error.message;
    }
    EXPECT_TRUE(rows.add({}));
    const std::string json = rows.take().json;
    return json.substr(6, json.size() - 8);  // [{"v":…}]
  }

  Caller caller;
  sqlite3* connection = nullptr;
};

struct Case {
  const char* expression;
  const char* answer;
};

template <std::size_t kCount>
void expect_all(const Case (&cases)[kCount]) {
  const Memory sql;
  for (const auto& [expression, answer] : cases) EXPECT_EQ(sql(expression), answer) << expression;
}

TEST(Functions, NumbersAreAsInPostgresql) {
  expect_all({
      {"pg_div(7, 2)", "3"},
      {"pg_div(-7, 2)", "-3"},
      {"pg_div(7.0, 2)", "3.5"},
      {"pg_div('7', 2)", "3"},
      {"pg_div('7.5', 2)", "3.75"},
      {"pg_div(1, 0)", "22012: division by zero"},
      {"pg_div(1.5, 0)", "22012: division by zero"},
      {"pg_div(1, -0.0)", "22012: division by zero"},
      {"pg_div(NULL, 0)", "null"},
      {"pg_div(-9223372036854775807 - 1, -1)", "22003: bigint out of range"},
      {"pg_div(1e300, 1e-300)", "22003: value out of range: overflow"},
      {"pg_div(1e-300, 1e300)", "22003: value out of range: underflow"},
      {"pg_div(9e999, 2)", "\"Infinity\""},
      {"pg_div(1, 9e999)", "0"},
      {"pg_div(9e999, 9e999)", "22003: the result is NaN, which this database cannot hold"},
      {"pg_div('x', 2)", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_div(x'00', 2)", "42804: cannot cast type bytea to a number"},
      {"pg_div(1, x'00')", "42804: cannot cast type bytea to a number"},
      {"pg_mod(-7, 3)", "-1"},
      {"pg_mod(7, -3)", "1"},
      {"pg_mod(5.5, 2)", "1.5"},
      {"pg_mod(-9223372036854775807 - 1, -1)", "0"},
      {"pg_mod(1, 0)", "22012: division by zero"},
      {"pg_round(2.5)", "2"},
      {"pg_round(3.5)", "4"},
      {"pg_round(7)", "7"},
      {"pg_round(2.567, 1)", "2.6"},
      {"pg_round(1.005, 2)", "1.01"},
      {"pg_round(-0.5, 0)", "-1"},
      {"pg_round(9.96, 1)", "10"},
      {"pg_round(99.95, 1)", "100"},
      {"pg_round(1250, -2)", "1300"},
      {"pg_round(-15, -1)", "-20"},
      {"pg_round(4, -1)", "0"},
      {"pg_round(4, -5)", "0"},
      {"pg_round(15, 1)", "15"},
      {"pg_round(0.0, 1)", "0"},
      {"pg_round(1e300, 2147483647)", "1e+300"},
      {"pg_round(1.7976931348623157e308, -308)", "1.7976931348623157e+308"},
      {"pg_round(1, 'x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_round('x', 1)", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_trunc(-2.7)", "-2"},
      {"pg_ceil(2.1)", "3"},
      {"pg_ceil(5)", "5"},
      {"pg_floor(-0.5)", "-1"},
      {"pg_floor('x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_power(2, 10)", "1024"},
      {"pg_power(2, 0.5)", "1.4142135623730951"},
      {"pg_power(0, 0)", "1"},
      {"pg_power(0, 2)", "0"},
      {"pg_power(0, -1)", "2201F: zero raised to a negative power is undefined"},
      {"pg_power(-8, 0.5)",
       "2201F: a negative number raised to a non-integer power yields a complex result"},
      {"pg_power(10, 400)", "22003: value out of range: overflow"},
      {"pg_power(10, -400)", "22003: value out of range: underflow"},
      {"pg_power(9e999, 2)", "\"Infinity\""},
      {"pg_power('x', 2)", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_power(2, 'x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_sqrt(4)", "2"},
      {"pg_sqrt(-1)", "2201F: cannot take square root of a negative number"},
      {"pg_sqrt('x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_greatest(1, NULL, 3, 2.5)", "3"},
      {"pg_least(2, NULL)", "2"},
      {"pg_greatest(NULL, NULL)", "null"},
      {"pg_greatest('a', 'b', 'B')", "\"b\""},
      {"pg_least(1, 0.5, 2)", "0.5"},
      {"pg_greatest(1, 'a', x'00')", "\"\\\\x00\""},
      {"pg_least(9007199254740993, 9007199254740992)", "9007199254740992"},
  });
}

TEST(Functions, CastsTakeWhatPostgresqlTakes) {
  expect_all({
      {"pg_int(' 12 ')", "12"},
      {"pg_int('+5')", "5"},
      {"pg_int('+-5')", "22P02: invalid input syntax for type integer: \"+-5\""},
      {"pg_int('1.5')", "22P02: invalid input syntax for type integer: \"1.5\""},
      {"pg_int('')", "22P02: invalid input syntax for type integer: \"\""},
      {"pg_int('99999999999')", "22003: value \"99999999999\" is out of range for type integer"},
      {"pg_int(99999999999)", "22003: integer out of range"},
      {"pg_int(2.5)", "2"},
      {"pg_int(2147483647.5)", "22003: integer out of range"},
      {"pg_int(-2147483648.5)", "-2147483648"},
      {"pg_int(9e999)", "22003: integer out of range"},
      {"pg_int(x'31')", "42804: cannot cast type bytea to integer"},
      {"pg_int(NULL)", "null"},
      {"pg_bigint('-9223372036854775808')", "-9223372036854775808"},
      {"pg_bigint('9223372036854775808')",
       "22003: value \"9223372036854775808\" is out of range for type bigint"},
      {"pg_bigint(9223372036854775807.0)", "22003: bigint out of range"},
      {"pg_bigint(-9223372036854775808.0)", "-9223372036854775808"},
      {"pg_float(' 1.5e3 ')", "1500"},
      {"pg_float('.5')", "0.5"},
      {"pg_float('-INF')", "\"-Infinity\""},
      {"pg_float('+infinity')", "\"Infinity\""},
      {"pg_float('nan')", "0A000: NaN is not supported: this database has none"},
      {"pg_float('1e400')", "22003: \"1e400\" is out of range for type double precision"},
      {"pg_float('1e-400')", "22003: \"1e-400\" is out of range for type double precision"},
      {"pg_float('4e-324')", "5e-324"},
      {"pg_float('--1')", "22P02: invalid input syntax for type double precision: \"--1\""},
      {"pg_float('1.5x')", "22P02: invalid input syntax for type double precision: \"1.5x\""},
      {"pg_float('1e')", "22P02: invalid input syntax for type double precision: \"1e\""},
      {"pg_float(3)", "3"},
      {"pg_float(x'31')", "42804: cannot cast type bytea to double precision"},
      {"pg_text(1e15)", "\"1e+15\""},
      {"pg_text(123456789012345.0)", "\"123456789012345\""},
      {"pg_text(100000000000000.0)", "\"100000000000000\""},
      {"pg_text(0.0001)", "\"0.0001\""},
      {"pg_text(0.00001)", "\"1e-05\""},
      {"pg_text(1.5e300)", "\"1.5e+300\""},
      {"pg_text(-0.0)", "\"-0\""},
      {"pg_text(-9e999)", "\"-Infinity\""},
      {"pg_text(123.456)", "\"123.456\""},
      {"pg_text(7)", "\"7\""},
      {"pg_text(x'DEad')", "\"\\\\xdead\""},
      {"pg_text(x'')", "\"\\\\x\""},
      {"pg_bool('TRUE')", "1"},
      {"pg_bool(' t ')", "1"},
      {"pg_bool('of')", "0"},
      {"pg_bool('o')", "22P02: invalid input syntax for type boolean: \"o\""},
      {"pg_bool('truex')", "22P02: invalid input syntax for type boolean: \"truex\""},
      {"pg_bool('')", "22P02: invalid input syntax for type boolean: \"\""},
      {"pg_bool('  ')", "22P02: invalid input syntax for type boolean: \"  \""},
      {"pg_bool(5)", "1"},
      {"pg_bool(0)", "0"},
      {"pg_bool(1.5)", "42804: cannot cast type double precision to boolean"},
      {"pg_json('{\"a\": [1]}')", "{\"a\": [1]}"},
      {"pg_json('null')", "null"},
      {"pg_json('{\"a\":1')", "22P02: invalid input syntax for type json"},
      {"pg_json(1)", "42804: cannot cast type integer to json"},
  });
}

TEST(Functions, TextsAreCountedInCharacters) {
  expect_all({
      {"pg_substr('h\xC3\xA9llo', 2, 3)", "\"\xC3\xA9ll\""},
      {"pg_substr('hello', -1, 3)", "\"h\""},
      {"pg_substr('hello', -5)", "\"hello\""},
      {"pg_substr('hello', -5, 2)", "\"\""},
      {"pg_substr('abc', 2, 2147483647)", "\"bc\""},
      {"pg_substr('abc', 9, 1)", "\"\""},
      {"pg_substr('abc', 1, -1)", "22011: negative substring length not allowed"},
      {"pg_substr('abc', 2147483648)", "22003: integer out of range"},
      {"pg_substr('abc', 2.5)", "\"bc\""},
      {"pg_substr('abc', 3e9)", "22003: integer out of range"},
      {"pg_substr('abc', 1, 'x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_substr(12345, 2, 2)", "\"23\""},
      {"pg_substr('abc', NULL)", "null"},
      {"pg_left('h\xC3\xA9llo', 2)", "\"h\xC3\xA9\""},
      {"pg_left('hello', -2)", "\"hel\""},
      {"pg_left('ab', -5)", "\"\""},
      {"pg_left('ab', x'00')", "42804: cannot cast type bytea to a number"},
      {"pg_right('h\xC3\xA9llo', 4)", "\"\xC3\xA9llo\""},
      {"pg_right('hello', -2)", "\"llo\""},
      {"pg_right('hello', 0)", "\"\""},
      {"pg_right('hello', 9)", "\"hello\""},
      {"pg_right('ab', x'00')", "42804: cannot cast type bytea to a number"},
      {"pg_strpos('h\xC3\xA9llo', 'l')", "3"},
      {"pg_strpos('abc', '')", "1"},
      {"pg_strpos('abc', 'z')", "0"},
      {"pg_chr(65)", "\"A\""},
      {"pg_chr(128512)", "\"\xF0\x9F\x98\x80\""},
      {"pg_chr(0)", "54000: null character not permitted"},
      {"pg_chr(-1)", "22023: character number must be positive"},
      {"pg_chr(55296)", "54000: requested character not valid for encoding: 55296"},
      {"pg_chr(1114112)", "54000: requested character too large for encoding: 1114112"},
      {"pg_lpad('hi', 5, 'xyz')", "\"xyzhi\""},
      {"pg_lpad('hi', 7, 'xyz')", "\"xyzxyhi\""},
      {"pg_lpad('hello', 3)", "\"hel\""},
      {"pg_lpad('hi', 5, '')", "\"hi\""},
      {"pg_lpad('hi', -1)", "\"\""},
      {"pg_lpad('\xC3\xA9', 3, '\xC3\xB1')", "\"\xC3\xB1\xC3\xB1\xC3\xA9\""},
      {"pg_lpad('a', 2147483647)", "54000: requested length too large"},
      {"pg_lpad('a', 'x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_rpad('hi', 5, 'xyz')", "\"hixyz\""},
      {"pg_rpad('hi', 4)", "\"hi  \""},
      {"pg_repeat('ab', 3)", "\"ababab\""},
      {"pg_repeat('ab', -1)", "\"\""},
      {"pg_repeat('', 2147483647)", "\"\""},
      {"pg_repeat('abc', 2147483647)", "54000: requested length too large"},
      {"pg_repeat('ab', 'x')", "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_split_part('a,b,c', ',', 2)", "\"b\""},
      {"pg_split_part('a,b,c', ',', -1)", "\"c\""},
      {"pg_split_part('a,b,c', ',', 4)", "\"\""},
      {"pg_split_part('a,b,c', ',', -4)", "\"\""},
      {"pg_split_part('abc', '', -1)", "\"abc\""},
      {"pg_split_part('abc', '', 2)", "\"\""},
      {"pg_split_part('aaa', 'aa', 2)", "\"a\""},
      {"pg_split_part('aaa', 'aa', -1)", "\"a\""},
      {"pg_split_part('a', 'a', 0)", "22023: field position must not be zero"},
      {"pg_split_part('a', 'a', 'x')",
       "22P02: invalid input syntax for type double precision: \"x\""},
      {"pg_initcap('hello wORLD foo_bar 2nd o''neil')", "\"Hello World Foo_Bar 2nd O'Neil\""},
      {"pg_reverse('h\xC3\xA9llo')", "\"oll\xC3\xA9h\""},
      {"pg_concat('a', 1, NULL, 1.5)", "\"a11.5\""},
      {"pg_concat(NULL)", "\"\""},
      {"pg_concat_ws(',', 'a', NULL, '')", "\"a,\""},
      {"pg_concat_ws(NULL, 'a')", "null"},
      {"pg_concat_ws(',', NULL)", "\"\""},
  });
}

TEST(Functions, IlikeIsLikeWithoutCase) {
  expect_all({
      {"pg_ilike('aBc', 'AbC')", "1"},
      {"pg_ilike('abc', 'a_c')", "1"},
      {"pg_ilike('abc', 'ab')", "0"},
      {"pg_ilike('a', '')", "0"},
      {"pg_ilike('', '%%')", "1"},
      {"pg_ilike('a\xC3\xA9', '%_')", "1"},
      {"pg_ilike('\xC3\xA9', '_')", "1"},
      {"pg_ilike('\xC3\xA9', '\xC3\xA8')", "0"},
      {"pg_ilike('a%c', 'a\\%c')", "1"},
      {"pg_ilike('abc', 'a\\%c')", "0"},
      {"pg_ilike('axxbxc', '%x%c')", "1"},
      {"pg_ilike('mississippi', '%sip%pi')", "1"},
      {"pg_ilike('mississippi', '%sip%pie')", "0"},
      {"pg_ilike('abc', 'ab\\')", "22023: LIKE pattern must not end with escape character"},
      {"pg_ilike('xbc', 'ab\\')", "0"},
      {"pg_ilike('a#', 'a##', '#')", "1"},
      {"pg_ilike('a\\b', 'a\\b', '')", "1"},
      {"pg_ilike('bA', 'baa', 'a')", "1"},
      {"pg_ilike('b%', 'ba%', 'A')", "0"},
      {"pg_ilike('a', 'a', '##')", "22023: invalid escape string"},
      {"pg_ilike(NULL, 'a')", "null"},
      // Work that grows with the product of the lengths ends.
      {"pg_ilike(pg_repeat('a', 100000), '%' || pg_repeat('a', 1000) || 'b')",
       "54000: the pattern of an ILIKE takes too long to match"},
  });
}

TEST(Functions, AnArgumentTooManyIsAnotherFunction) {
  expect_all({
      {"pg_div(1)", "42883: function pg_div() does not exist with this number of arguments"},
      {"pg_substr('a', 1, 1, 1)",
       "42883: function pg_substr() does not exist with this number of arguments"},
  });
}

TEST(Functions, TheCallerIsWhoItIsAtTheCall) {
  Memory sql;
  EXPECT_EQ(sql("auth_uid()"), "null");
  EXPECT_EQ(sql("auth_role()"), "\"anon\"");
  EXPECT_EQ(sql("auth_jwt()"), "{}");
  sql.caller = {auth::Role::kAuthenticated, "u-1", R"({"sub":"u-1","n":[1]})", ""};
  EXPECT_EQ(sql("auth_uid()"), "\"u-1\"");
  EXPECT_EQ(sql("auth_role()"), "\"authenticated\"");
  EXPECT_EQ(sql("auth_jwt() ->> '$.n[0]'"), "1");
  EXPECT_EQ(sql("auth_jwt()"), R"({"sub":"u-1","n":[1]})");
}

TEST(Functions, NowStandsStillUntilItIsCleared) {
  Memory sql;
  const std::string first = sql("pg_now()");
  EXPECT_TRUE(std::regex_match(first, std::regex(R"("\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00")")))
      << first;
  EXPECT_EQ(sql("pg_now()"), first);
  EXPECT_EQ(sql("abs(julianday('now') - julianday(substr(pg_now(), 1, 23))) < 0.01"), "1");
  sql.caller.now.clear();
  EXPECT_GT(sql("pg_now()"), first);
}

TEST(Functions, RandomOnesDiffer) {
  const Memory sql;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(sql("pg_random() BETWEEN 0 AND 0.9999999999999999"), "1");
    EXPECT_TRUE(seen.insert(sql("pg_random()")).second);
    const std::string uuid = sql("pg_uuid()");
    EXPECT_TRUE(seen.insert(uuid).second);
    EXPECT_TRUE(std::regex_match(
        uuid,
        std::regex(R"("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")")))
        << uuid;
  }
  // Two calls of one statement as well: SQLite may not take one for the other.
  EXPECT_EQ(sql("pg_uuid() = pg_uuid()"), "0");
  EXPECT_EQ(sql("(SELECT count(DISTINCT pg_random()) FROM (VALUES (1), (2), (3)))"), "3");
}

TEST(Functions, TheDefaultMarkerIsItsBytes) {
  const Memory sql;
  EXPECT_EQ(sql("pg_default()"), R"("\\x00726f6f73742064656661756c74")");
  EXPECT_EQ(database::sqlite::kDefaultMarker.size(), 14U);
}

TEST(Functions, RefuseFailsWithItsArgument) {
  const Memory sql;
  EXPECT_EQ(sql("roost_refuse('42703: no column')"), "42703: no column");
  EXPECT_EQ(sql("roost_refuse('odd')"), "XX000: ");
}

TEST(Functions, LongResultsStopAtTheConnectionsLimit) {
  const Memory sql;
  sqlite3_limit(sql.connection, SQLITE_LIMIT_LENGTH, 1000);
  EXPECT_EQ(sql("length(pg_repeat('a', 1000))"), "1000");
  EXPECT_EQ(sql("pg_repeat('a', 1001)"), "54000: requested length too large");
  EXPECT_EQ(sql("pg_concat(pg_repeat('a', 600), pg_repeat('a', 600))"),
            "54000: requested length too large");
}

}  // namespace
