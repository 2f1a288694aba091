// What every driver owes its callers. The cases name no driver; `open_driver` does.
#include "database/connection.h"

#include <fstream>
#include <limits>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "database/test_folder.h"

namespace {

using base::Code;
using database::Blob;
using database::Null;
using database::Row;
using database::Transaction;
using database::Value;

std::unique_ptr<database::Connection> open_driver(const std::filesystem::path& file) {
  auto connection = database::open_sqlite(file, database::SystemAccess());
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

// One database with one table, as most cases need it.
struct Database {
  Database() : connection(open_driver(folder / "test.db")) {
    EXPECT_TRUE(connection->run_script(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE CHECK (name <> 'bad')) "
        "STRICT;"
        "CREATE TABLE parts (item INTEGER NOT NULL REFERENCES items (id)) STRICT"));
  }

  std::int64_t items() const {
    const auto rows = connection->query("SELECT count(*) FROM items");
    EXPECT_TRUE(rows) << rows.error().message;
    return std::get<std::int64_t>(rows->front().front());
  }
  Code code_of(std::string_view sql, std::initializer_list<Value> parameters = {}) const {
    const auto rows = connection->query(sql, parameters);
    EXPECT_FALSE(rows) << sql;
    EXPECT_FALSE(rows.error().message.empty());
    return rows.error().code;
  }

  database::TestFolder folder;
  std::unique_ptr<database::Connection> connection;
};

TEST(Connection, ValuesOfEveryTypeComeBackUnchanged) {
  const Database db;
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  const Row values{Null{},
                   std::numeric_limits<std::int64_t>::min(),
                   std::numeric_limits<std::int64_t>::max(),
                   -0.1,
                   std::numeric_limits<double>::infinity(),
                   std::string(),
                   std::string("a\0b \xc3\xa9", 6),
                   Blob{},
                   Blob{all_bytes},
                   Blob{std::string(3'000'000, 'x')}};
  for (const Value& value : values) {
    const auto rows = db.connection->query("SELECT $1", {value});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front(), Row{value}) << "alternative " << value.index();
  }
}

TEST(Connection, ParametersGoByTheirNumber) {
  const Database db;
  const auto rows =
      db.connection->query("SELECT $2, $1, $2", {std::int64_t{1}, std::string("two")});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->front(), (Row{std::string("two"), std::int64_t{1}, std::string("two")}));
}

TEST(Connection, WrongSqlIsOurFault) {
  const Database db;
  EXPECT_EQ(db.code_of("SELEC 1"), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT * FROM nowhere"), Code::kInternal);
  EXPECT_EQ(db.code_of(""), Code::kInternal);
  EXPECT_EQ(db.code_of("-- nothing"), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT 1; SELECT 2"), Code::kInternal);
  EXPECT_EQ(db.code_of(std::string_view("SELECT 1\0 FROM items", 20)), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT \"text\""), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT ?", {std::int64_t{1}}), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT $x", {std::int64_t{1}}), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT $0", {std::int64_t{1}}), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT $1"), Code::kInternal);
  EXPECT_EQ(db.code_of("SELECT $1", {Null{}, Null{}}), Code::kInternal);
  EXPECT_EQ(db.connection->run_script("CREATE TABLE").error().code, Code::kInternal);
  const std::string_view with_nul("DELETE FROM items;\0", 19);
  EXPECT_EQ(db.connection->run_script(with_nul).error().code, Code::kInternal);
}

TEST(Connection, TakenKeysAreToldFromOtherConstraints) {
  const Database db;
  constexpr std::string_view kInsert = "INSERT INTO items (id, name) VALUES ($1, $2)";
  ASSERT_TRUE(db.connection->query(kInsert, {std::int64_t{1}, std::string("a")}));
  EXPECT_EQ(db.code_of(kInsert, {std::int64_t{1}, std::string("b")}), Code::kAlreadyExists);
  EXPECT_EQ(db.code_of(kInsert, {std::int64_t{2}, std::string("a")}), Code::kAlreadyExists);
  EXPECT_EQ(db.code_of(kInsert, {std::int64_t{3}, std::string("bad")}), Code::kInternal);
  EXPECT_EQ(db.code_of(kInsert, {std::string("x"), std::string("c")}), Code::kInternal);
  EXPECT_EQ(db.code_of("INSERT INTO parts (item) VALUES ($1)", {std::int64_t{9}}), Code::kInternal);
  EXPECT_EQ(db.items(), 1);
}

TEST(Connection, StatementsAreReadyAgainAfterAnError) {
  const Database db;
  constexpr std::string_view kInsert = "INSERT INTO items (name) VALUES ($1) RETURNING id";
  ASSERT_TRUE(db.connection->query(kInsert, {std::string("a")}));
  ASSERT_FALSE(db.connection->query(kInsert, {std::string("a")}));
  const auto rows = db.connection->query(kInsert, {std::string("b")});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->front(), Row{std::int64_t{2}});
}

TEST(Connection, ManyTextsDoNotExhaustTheStatementCache) {
  const Database db;
  for (std::int64_t i = 0; i < 600; ++i) {
    const auto rows = db.connection->query("SELECT $1 + " + std::to_string(i), {i});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->front(), Row{2 * i});
  }
}

TEST(Connection, TransactionRollsBackUnlessCommitted) {
  const Database db;
  {
    const auto transaction = Transaction::begin(*db.connection);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));
    EXPECT_EQ(db.items(), 1);
  }
  EXPECT_EQ(db.items(), 0);
  {
    auto transaction = Transaction::begin(*db.connection);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('b')"));
    Transaction moved = std::move(*transaction);
    ASSERT_TRUE(moved.commit());
  }
  EXPECT_EQ(db.items(), 1);
  EXPECT_EQ(open_driver(db.folder / "test.db")->query("SELECT name FROM items"),
            std::vector<Row>{Row{std::string("b")}});
}

TEST(Connection, TransactionsDoNotNest) {
  const Database db;
  auto outer = Transaction::begin(*db.connection);
  ASSERT_TRUE(outer);
  ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));
  const auto inner = Transaction::begin(*db.connection);
  ASSERT_FALSE(inner);
  EXPECT_EQ(inner.error().code, Code::kInternal);
  ASSERT_TRUE(outer->commit()) << "the refused one must not have ended the outer one";
  EXPECT_EQ(db.items(), 1);
}

TEST(Connection, CommitThatBreaksAConstraintLeavesNothing) {
  const Database db;
  ASSERT_TRUE(
      db.connection->run_script("CREATE TABLE late (item INTEGER REFERENCES items (id) DEFERRABLE "
                                "INITIALLY DEFERRED) STRICT"));
  {
    auto transaction = Transaction::begin(*db.connection);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));
    ASSERT_TRUE(db.connection->query("INSERT INTO late (item) VALUES (77)"));
    EXPECT_EQ(transaction->commit().error().code, Code::kInternal);
  }
  EXPECT_EQ(db.items(), 0);
  EXPECT_TRUE(Transaction::begin(*db.connection)) << "the connection is free again";
}

TEST(Connection, ASecondWriterIsBusyAndAReaderIsNot) {
  const Database db;
  const auto other = open_driver(db.folder / "test.db");
  ASSERT_TRUE(other->run_script("PRAGMA busy_timeout = 0"));
  const auto transaction = Transaction::begin(*db.connection);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));

  const auto second = Transaction::begin(*other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kStorage);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  EXPECT_EQ(other->query("SELECT count(*) FROM items"), std::vector<Row>{Row{std::int64_t{0}}});
}

TEST(Connection, WritersOfTwoThreadsWaitForEachOther) {
  const Database db;
  constexpr int kEach = 50;
  const auto write = [&](const char* name) {
    const auto connection = open_driver(db.folder / "test.db");
    for (int i = 0; i < kEach; ++i) {
      auto transaction = Transaction::begin(*connection);
      ASSERT_TRUE(transaction) << transaction.error().message;
      ASSERT_TRUE(
          connection->query("INSERT INTO items (name) VALUES ($1)", {name + std::to_string(i)}));
      ASSERT_TRUE(transaction->commit());
    }
  };
  std::thread first(write, "a");
  std::thread second(write, "b");
  first.join();
  second.join();
  EXPECT_EQ(db.items(), 2 * kEach);
}

TEST(Connection, ReadOnlyTablesStillRefuseAfterReopening) {
  Database db;
  ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));
  db.connection = open_driver(db.folder / "test.db");
  EXPECT_EQ(db.items(), 1);
  ASSERT_TRUE(db.connection->run_script("PRAGMA query_only = ON"));
  EXPECT_EQ(db.code_of("DELETE FROM items"), Code::kStorage);
}

TEST(Connection, WaitsDurablyAndChecksForeignKeys) {
  const Database db;
  EXPECT_EQ(db.connection->query("PRAGMA journal_mode"), std::vector<Row>{Row{std::string("wal")}});
  EXPECT_EQ(db.connection->query("PRAGMA synchronous"), std::vector<Row>{Row{std::int64_t{2}}});
  EXPECT_EQ(db.connection->query("PRAGMA foreign_keys"), std::vector<Row>{Row{std::int64_t{1}}});
  EXPECT_EQ(db.connection->query("PRAGMA busy_timeout"), std::vector<Row>{Row{std::int64_t{5000}}});
}

TEST(Connection, NewFilesAreTheirOwnersAlone) {
  const Database db;
  for (const char* name : {"test.db", "test.db-wal"}) {
    struct stat status{};
    ASSERT_EQ(::stat((db.folder / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
}

TEST(Connection, FilesThatCannotServeAreRefused) {
  const database::TestFolder folder;
  const auto missing =
      database::open_sqlite(folder / "no/such/folder.db", database::SystemAccess());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kStorage);
  EXPECT_NE(missing.error().message.find("folder.db"), std::string::npos)
      << missing.error().message;

  std::ofstream(folder / "text.db") << std::string(4096, 'x');
  const auto text = database::open_sqlite(folder / "text.db", database::SystemAccess());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::kStorage);
  EXPECT_NE(text.error().message.find("damaged"), std::string::npos) << text.error().message;

  // SQLite opens a temporary database for an empty name: no write-ahead log, and nothing would
  // last.
  const auto temporary = database::open_sqlite("", database::SystemAccess());
  ASSERT_FALSE(temporary);
  EXPECT_EQ(temporary.error().code, Code::kStorage);
}

TEST(Connection, ADamagedPageIsNotReadAsData) {
  Database db;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ($1)",
                                     {std::to_string(i) + std::string(1000, 'x')}));
  }
  db.connection.reset();  // the log goes into the file
  const auto file = db.folder / "test.db";
  std::fstream(file, std::ios::in | std::ios::out).seekp(4 * 4096) << std::string(16 * 4096, 'x');
  db.connection = open_driver(file);
  const auto rows = db.connection->query("SELECT id, name FROM items");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::kStorage);
  EXPECT_NE(rows.error().message.find("the file is damaged"), std::string::npos);
}

TEST(Connection, AFullFileSaysSoAndKeepsWhatItHad) {
  const Database db;
  ASSERT_TRUE(db.connection->query("INSERT INTO items (name) VALUES ('a')"));
  ASSERT_TRUE(db.connection->query("PRAGMA max_page_count = 10"));
  {
    const auto transaction = Transaction::begin(*db.connection);
    ASSERT_TRUE(transaction);
    const auto rows =
        db.connection->query("INSERT INTO items (name) VALUES ($1)", {std::string(1'000'000, 'x')});
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Code::kStorage);
    EXPECT_NE(rows.error().message.find("free some space"), std::string::npos);
  }
  EXPECT_EQ(db.items(), 1);
}

}  // namespace
