#include <string>

#include <gtest/gtest.h>

#include "database/sqlite/failure.h"
#include "database/test_folder.h"

namespace {

using database::SqlError;
using database::SqlState;
using database::sqlite::is_full_disk;
using database::sqlite::sqlite_error;

struct Memory {
  explicit Memory(const char* file = ":memory:") {
    EXPECT_EQ(sqlite3_open(file, &connection), SQLITE_OK);
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_limit(connection, SQLITE_LIMIT_EXPR_DEPTH, 50);
    sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, 100'000);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { EXPECT_EQ(sqlite3_close(connection), SQLITE_OK); }

  int run(const std::string& sql) const {
    return sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
  }
  SqlError error(const std::string& sql) const {
    EXPECT_NE(run(sql), SQLITE_OK) << sql;
    return sqlite_error(connection);
  }

  sqlite3* connection = nullptr;
};

struct Case {
  const char* sql;
  SqlState state;
  const char* message;
};

const Case kCases[] = {
    {"INSERT INTO t (id, a) VALUES (1, 'x')", SqlState::kUniqueViolation,
     "duplicate key value violates unique constraint (t.id)"},
    {"INSERT INTO t (a, b) VALUES ('a', 'b')", SqlState::kUniqueViolation,
     "duplicate key value violates unique constraint (t.a, t.b)"},
    {"INSERT INTO u VALUES (1)", SqlState::kUniqueViolation,
     "duplicate key value violates unique constraint \"by_next\""},
    {"INSERT INTO t (b) VALUES ('q')", SqlState::kNotNullViolation,
     "null value in column \"a\" of relation \"t\" violates not-null constraint"},
    {"INSERT INTO t (a, c) VALUES ('q', 0)", SqlState::kCheckViolation,
     "new row violates check constraint \"c>0\""},
    {"INSERT INTO t (a, c) VALUES ('q', 100)", SqlState::kCheckViolation,
     "new row violates check constraint \"small\""},
    {"INSERT INTO t (a, c) VALUES ('q', 'x')", SqlState::kDatatypeMismatch,
     "a value of type TEXT does not fit INT column t.c"},
    {"INSERT INTO t (id, a) VALUES ('x', 'q')", SqlState::kDatatypeMismatch,
     "a value does not fit its column's type"},
    {"INSERT INTO t (a, v) VALUES ('q', 7)", SqlState::kForeignKeyViolation,
     "the change violates a foreign key constraint"},
    {"INSERT INTO child VALUES (1)", SqlState::kInvalidColumnReference,
     "there is no unique constraint matching given keys for referenced table \"parent\""},
    {"DELETE FROM watched", SqlState::kIntegrityViolation, "keep it"},
    {"UPDATE watched SET x = 2", SqlState::kDivisionByZero, "division by zero"},
    {"SELECT * FROM nope", SqlState::kUndefinedTable, "relation \"nope\" does not exist"},
    {"SELECT * FROM main.nope", SqlState::kUndefinedTable, "relation \"nope\" does not exist"},
    {"DROP VIEW nope", SqlState::kUndefinedTable, "view \"nope\" does not exist"},
    {"DROP INDEX nope", SqlState::kUndefinedObject, "index \"nope\" does not exist"},
    {"DROP TRIGGER nope", SqlState::kUndefinedObject, "trigger \"nope\" does not exist"},
    {"SELECT nope FROM t", SqlState::kUndefinedColumn, "column \"nope\" does not exist"},
    {"SELECT \"nope\" FROM t", SqlState::kUndefinedColumn, "column \"nope\" does not exist"},
    {"ALTER TABLE t RENAME nope TO x", SqlState::kUndefinedColumn,
     "column \"nope\" does not exist"},
    {"INSERT INTO t (nope) VALUES (1)", SqlState::kUndefinedColumn,
     "column \"nope\" of relation \"t\" does not exist"},
    {"SELECT a FROM t t1, t t2", SqlState::kAmbiguousColumn, "column reference \"a\" is ambiguous"},
    {"CREATE TABLE x (a, a)", SqlState::kDuplicateColumn, "column \"a\" specified more than once"},
    {"SELECT nope(1)", SqlState::kUndefinedFunction, "function nope does not exist"},
    {"SELECT abs(1, 2)", SqlState::kUndefinedFunction,
     "function abs() does not exist with this number of arguments"},
    {"SELECT a FROM t ORDER BY a COLLATE nope", SqlState::kUndefinedObject,
     "collation \"nope\" does not exist"},
    {"CREATE VIRTUAL TABLE v USING nope", SqlState::kUndefinedObject,
     "module \"nope\" does not exist"},
    {"SELECT a FROM t WHERE count(*) > 1", SqlState::kGroupingError,
     "aggregate functions are not allowed here: count()"},
    {"SELECT a FROM t WHERE row_number() OVER () > 1", SqlState::kGroupingError,
     "window functions are not allowed here: row_number()"},
    {"SELECT 1 FROM t GROUP BY count(*)", SqlState::kGroupingError,
     "aggregate functions are not allowed in GROUP BY"},
    {"WITH m AS (SELECT * FROM m) SELECT * FROM m", SqlState::kInfinitePolicyRecursion,
     "infinite recursion detected in policy for relation \"m\""},
    {"WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r, r) SELECT * FROM r",
     SqlState::kInvalidRecursion,
     "recursive reference to query \"r\" must not appear more than once"},
    {"WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT count(*) FROM r) SELECT * FROM r",
     SqlState::kInvalidRecursion,
     "aggregate functions are not allowed in a recursive query's recursive term"},
    {"SELECT 1 ORDER BY 2", SqlState::kInvalidColumnReference,
     "the 1st ORDER BY term is not in select list"},
    {"INSERT INTO t (a) VALUES ('q') ON CONFLICT (a) DO NOTHING", SqlState::kInvalidColumnReference,
     "there is no unique or exclusion constraint matching the ON CONFLICT specification"},
    {"CREATE TABLE t (x)", SqlState::kDuplicateObject, "relation t already exists"},
    {"CREATE INDEX by_next ON t (a)", SqlState::kDuplicateObject,
     "relation \"by_next\" already exists"},
    {"WITH x AS (SELECT 1), x AS (SELECT 2) SELECT 1", SqlState::kDuplicateObject,
     "WITH query name \"x\" specified more than once"},
    {"SELEC 1", SqlState::kSyntaxError, "syntax error at or near \"SELEC\""},
    {"SELECT 'a", SqlState::kSyntaxError, "syntax error at or near \"'a\""},
    {"SELECT (", SqlState::kSyntaxError, "syntax error at end of input"},
    {"INSERT INTO t (a, b) VALUES (1)", SqlState::kSyntaxError, "1 values for 2 columns"},
    {"SELECT abs(-9223372036854775807 - 1)", SqlState::kNumericValueOutOfRange,
     "bigint out of range"},
    {"SELECT json('{')", SqlState::kInvalidTextRepresentation,
     "invalid input syntax for type json"},
    {"SELECT json_array(x'00')", SqlState::kInvalidParameterValue,
     "JSON cannot hold bytes: encode them, as by hex()"},
    {"SELECT 'a' LIKE 'b' ESCAPE 'cc'", SqlState::kInvalidParameterValue,
     "invalid escape string: it must be a single character"},
    {"SELECT 'a' LIKE printf('%60000s', '')", SqlState::kProgramLimitExceeded,
     "the pattern of a LIKE is too long"},
    {"SELECT zeroblob(200000)", SqlState::kProgramLimitExceeded,
     "a value or the statement is too large"},
};

TEST(SqliteError, StatementsFaultsAreToldAsPostgresqlTellsThem) {
  const Memory db;
  ASSERT_EQ(
      db.run("PRAGMA foreign_keys = ON;"
             "CREATE TABLE u (x INT PRIMARY KEY) STRICT;"
             "CREATE UNIQUE INDEX by_next ON u (x + 1);"
             "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, c INT CHECK (c>0),"
             " v INT REFERENCES u (x), CONSTRAINT small CHECK (c < 100), UNIQUE (a, b)) STRICT;"
             "CREATE TABLE parent (x); CREATE TABLE child (x REFERENCES parent (x));"
             "CREATE TABLE watched (x); INSERT INTO watched VALUES (1);"
             "CREATE TRIGGER w BEFORE DELETE ON watched BEGIN"
             " SELECT raise(ABORT, 'keep it'); END;"
             "CREATE TRIGGER w2 BEFORE UPDATE ON watched BEGIN"
             " SELECT raise(ABORT, '22012: division by zero'); END;"
             "INSERT INTO u VALUES (1); INSERT INTO t VALUES (1, 'a', 'b', 1, 1)"),
      SQLITE_OK)
      << sqlite3_errmsg(db.connection);
  for (const Case& c : kCases) {
    const SqlError error = db.error(c.sql);
    EXPECT_EQ(error.message, c.message) << c.sql;
    EXPECT_EQ(database::code_of(error.state), database::code_of(c.state)) << c.sql;
  }
  std::string deep = "1";
  for (int i = 0; i < 60; ++i) deep = "(" + deep + "+1)";
  EXPECT_EQ(db.error("SELECT " + deep).state, SqlState::kStatementTooComplex);
}

void refuse(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  sqlite3_result_error(context, reinterpret_cast<const char*>(sqlite3_value_text(values[0])), -1);
}

TEST(SqliteError, AFunctionsMessageMaySayItsState) {
  const Memory db;
  sqlite3_create_function(db.connection, "refuse", 1, SQLITE_UTF8, nullptr, &refuse, nullptr,
                          nullptr);
  const auto error = [&](const std::string& message) {
    return db.error("SELECT refuse('" + message + "')");
  };
  EXPECT_EQ(error("22012: division by zero").state, SqlState::kDivisionByZero);
  EXPECT_EQ(error("22012: division by zero").message, "division by zero");
  EXPECT_EQ(error("22P02: ").message, "");
  EXPECT_EQ(error("99999: no state").message, "99999: no state");
  EXPECT_EQ(error("99999: no state").state, SqlState::kSyntaxError);
  EXPECT_EQ(error("22012").message, "22012");
  EXPECT_EQ(error("2201").message, "2201");
}

int deny(void* /*data*/, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_READ ? SQLITE_DENY : SQLITE_OK;
}

TEST(SqliteError, RefusalsAndInterruptsHaveTheirStates) {
  const Memory db;
  ASSERT_EQ(db.run("CREATE TABLE t (a)"), SQLITE_OK);
  sqlite3_set_authorizer(db.connection, &deny, nullptr);
  EXPECT_EQ(db.error("SELECT a FROM t").state, SqlState::kInsufficientPrivilege);
  EXPECT_EQ(db.error("SELECT a FROM t").message, "permission denied: access to t.a is prohibited");
  sqlite3_set_authorizer(db.connection, nullptr, nullptr);
  sqlite3_progress_handler(db.connection, 1, [](void*) { return 1; }, nullptr);
  EXPECT_EQ(db.error("SELECT * FROM t, t AS t2").state, SqlState::kQueryCanceled);
}

TEST(SqliteError, TheMachinesFaultsNameNoPath) {
  const database::TestFolder folder;
  const std::string file = folder / "data.db";
  const Memory one(file.c_str()), two(file.c_str());
  ASSERT_EQ(one.run("CREATE TABLE t (a); BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(two.error("BEGIN IMMEDIATE").state, SqlState::kSerializationFailure);
  ASSERT_EQ(one.run("COMMIT; PRAGMA max_page_count = 2"), SQLITE_OK);
  EXPECT_EQ(one.error("INSERT INTO t VALUES (zeroblob(90000))").state, SqlState::kDiskFull);
  EXPECT_TRUE(is_full_disk(SQLITE_IOERR_SHMSIZE)) << "the log's index, when a file is opened";
  EXPECT_FALSE(is_full_disk(SQLITE_IOERR_READ));
  ASSERT_EQ(two.run("PRAGMA query_only = ON"), SQLITE_OK);
  EXPECT_EQ(two.error("INSERT INTO t VALUES (1)").state, SqlState::kIoError);

  sqlite3* broken = nullptr;
  const std::string nowhere = folder / "none/data.db";
  EXPECT_NE(sqlite3_open(nowhere.c_str(), &broken), SQLITE_OK);
  const SqlError error = sqlite_error(broken);
  EXPECT_EQ(error.state, SqlState::kConnectionFailure);
  EXPECT_EQ(error.message, "the database cannot be opened (SQLite 14)");
  sqlite3_close(broken);
}

TEST(SqliteError, LackOfMemoryAndOfParametersAreTheirOwn) {
  const Memory db;
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db.connection, "SELECT ?1", -1, &statement, nullptr), SQLITE_OK);
  EXPECT_NE(sqlite3_bind_int(statement, 2, 1), SQLITE_OK);
  EXPECT_EQ(sqlite_error(db.connection).state, SqlState::kUndefinedParameter);
  sqlite3_finalize(statement);

  sqlite3_limit(db.connection, SQLITE_LIMIT_LENGTH, 100'000'000);
  sqlite3_hard_heap_limit64(sqlite3_memory_used() + 1'000'000);
  EXPECT_EQ(db.error("SELECT length(CAST(zeroblob(50000000) AS TEXT) || 'a')").state,
            SqlState::kOutOfMemory);
  sqlite3_hard_heap_limit64(0);
}

TEST(SqliteError, AFileThatIsNoDatabaseIsDamaged) {
  const database::TestFolder folder;
  const std::string file = folder / "data.db";
  std::FILE* const out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs(std::string(4096, 'x').c_str(), out);
  std::fclose(out);
  const Memory db(file.c_str());
  const SqlError error = db.error("SELECT * FROM t");
  EXPECT_EQ(error.state, SqlState::kIoError);
  EXPECT_EQ(error.message, "the database's file is damaged (SQLite 26)");
  EXPECT_EQ(error.message.find(file), std::string::npos);
}

}  // namespace
