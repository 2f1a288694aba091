// sqlite_error of failure.h: SQLite's codes and messages as PostgreSQL's.
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

// `{}` in `message` stands for a piece of SQLite's, `{0}` and `{1}` in `answer` for those pieces.
struct Translation {
  std::string_view message;
  SqlState state;
  std::string_view answer;
};
using Pieces = std::array<std::string_view, 2>;

// The first that fits counts. SQLITE_ERROR has one code for all of these.
constexpr std::array kTranslations{
    Translation{"no such table: {}", SqlState::kUndefinedTable, "relation \"{0}\" does not exist"},
    Translation{"no such view: {}", SqlState::kUndefinedTable, "view \"{0}\" does not exist"},
    Translation{"no such index: {}", SqlState::kUndefinedObject, "index \"{0}\" does not exist"},
    Translation{"no such trigger: {}", SqlState::kUndefinedObject,
                "trigger \"{0}\" does not exist"},
    Translation{"no such column: {}", SqlState::kUndefinedColumn, "column \"{0}\" does not exist"},
    Translation{"table {} has no column named {}", SqlState::kUndefinedColumn,
                "column \"{1}\" of relation \"{0}\" does not exist"},
    Translation{"ambiguous column name: {}", SqlState::kAmbiguousColumn,
                "column reference \"{0}\" is ambiguous"},
    Translation{"duplicate column name: {}", SqlState::kDuplicateColumn,
                "column \"{0}\" specified more than once"},
    Translation{"no such function: {}", SqlState::kUndefinedFunction,
                "function {0} does not exist"},
    Translation{"wrong number of arguments to function {}", SqlState::kUndefinedFunction,
                "function {0} does not exist with this number of arguments"},
    Translation{"no such collation sequence: {}", SqlState::kUndefinedObject,
                "collation \"{0}\" does not exist"},
    Translation{"no such module: {}", SqlState::kUndefinedObject, "module \"{0}\" does not exist"},
    Translation{"misuse of aggregate: {}", SqlState::kGroupingError,
                "aggregate functions are not allowed here: {0}"},
    Translation{"misuse of aggregate function {}", SqlState::kGroupingError,
                "aggregate functions are not allowed here: {0}"},
    Translation{"misuse of window function {}", SqlState::kGroupingError,
                "window functions are not allowed here: {0}"},
    Translation{"misuse of aliased aggregate {}", SqlState::kGroupingError,
                "aggregate functions are not allowed here: {0}"},
    Translation{"misuse of aliased window function {}", SqlState::kGroupingError,
                "window functions are not allowed here: {0}"},
    Translation{"aggregate functions are not allowed in the GROUP BY clause",
                SqlState::kGroupingError, "aggregate functions are not allowed in GROUP BY"},
    Translation{"circular reference: {}", SqlState::kInfinitePolicyRecursion,
                "infinite recursion detected in policy for relation \"{0}\""},
    Translation{"multiple references to recursive table: {}", SqlState::kInvalidRecursion,
                "recursive reference to query \"{0}\" must not appear more than once"},
    Translation{"multiple recursive references: {}", SqlState::kInvalidRecursion,
                "recursive reference to query \"{0}\" must not appear more than once"},
    Translation{"recursive reference in a subquery: {}", SqlState::kInvalidRecursion,
                "recursive reference to query \"{0}\" must not appear within a subquery"},
    Translation{"recursive aggregate queries not supported", SqlState::kInvalidRecursion,
                "aggregate functions are not allowed in a recursive query's recursive term"},
    Translation{"cannot use window functions in recursive queries", SqlState::kInvalidRecursion,
                "window functions are not allowed in a recursive query's recursive term"},
    Translation{"{} ORDER BY term out of range - {}", SqlState::kInvalidColumnReference,
                "the {0} ORDER BY term is not in select list"},
    Translation{"{} GROUP BY term out of range - {}", SqlState::kInvalidColumnReference,
                "the {0} GROUP BY term is not in select list"},
    Translation{"{} ORDER BY term does not match any column in the result set",
                SqlState::kFeatureNotSupported,
                "the {0} ORDER BY term of a UNION, INTERSECT or EXCEPT must be a result column"},
    Translation{"ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
                SqlState::kInvalidColumnReference,
                "there is no unique or exclusion constraint matching the ON CONFLICT "
                "specification"},
    Translation{"foreign key mismatch - {} referencing {}", SqlState::kInvalidColumnReference,
                "there is no unique constraint matching given keys for referenced table {1}"},
    Translation{"table {} already exists", SqlState::kDuplicateObject,
                "relation {0} already exists"},
    Translation{"view {} already exists", SqlState::kDuplicateObject,
                "relation {0} already exists"},
    Translation{"index {} already exists", SqlState::kDuplicateObject,
                "relation \"{0}\" already exists"},
    Translation{"trigger {} already exists", SqlState::kDuplicateObject,
                "trigger {0} already exists"},
    Translation{"there is already {}", SqlState::kDuplicateObject, "there is already {0}"},
    Translation{"duplicate WITH table name: {}", SqlState::kDuplicateObject,
                "WITH query name \"{0}\" specified more than once"},
    Translation{"near \"{}\": syntax error", SqlState::kSyntaxError,
                "syntax error at or near \"{0}\""},
    Translation{"unrecognized token: {}", SqlState::kSyntaxError, "syntax error at or near {0}"},
    Translation{"incomplete input", SqlState::kSyntaxError, "syntax error at end of input"},
    Translation{"integer overflow", SqlState::kNumericValueOutOfRange, "bigint out of range"},
    Translation{"malformed JSON", SqlState::kInvalidTextRepresentation,
                "invalid input syntax for type json"},
    Translation{"JSON cannot hold BLOB values", SqlState::kInvalidParameterValue,
                "JSON cannot hold bytes: encode them, as by hex()"},
    Translation{"JSON path error near {}", SqlState::kInvalidParameterValue,
                "syntax error at or near {0} of a JSON path"},
    Translation{"ESCAPE expression must be a single character", SqlState::kInvalidParameterValue,
                "invalid escape string: it must be a single character"},
    Translation{"LIKE or GLOB pattern too complex", SqlState::kProgramLimitExceeded,
                "the pattern of a LIKE is too long"},
    Translation{"Expression tree is too large {}", SqlState::kStatementTooComplex,
                "an expression is nested too deeply"},
    Translation{"parser stack overflow", SqlState::kStatementTooComplex,
                "the statement is nested too deeply"},
    Translation{"too many {}", SqlState::kProgramLimitExceeded, "too many {0}"},
    Translation{"at most {}", SqlState::kProgramLimitExceeded, "at most {0}"},
    Translation{"recursion limit exceeded", SqlState::kStatementTooComplex,
                "stack depth limit exceeded"},
    Translation{"too many levels of trigger recursion", SqlState::kStatementTooComplex,
                "stack depth limit exceeded: triggers call each other too deeply"},
};

constexpr std::array kConstraints{
    Translation{"NOT NULL constraint failed: {}.{}", SqlState::kNotNullViolation,
                "null value in column \"{1}\" of relation \"{0}\" violates not-null constraint"},
    Translation{"CHECK constraint failed: {}", SqlState::kCheckViolation,
                "new row violates check constraint \"{0}\""},
    Translation{"FOREIGN KEY constraint failed", SqlState::kForeignKeyViolation,
                "the change violates a foreign key constraint"},
    Translation{"UNIQUE constraint failed: index '{}'", SqlState::kUniqueViolation,
                "duplicate key value violates unique constraint \"{0}\""},
    Translation{"UNIQUE constraint failed: {}", SqlState::kUniqueViolation,
                "duplicate key value violates unique constraint ({0})"},
    Translation{"cannot store {} value in {}", SqlState::kDatatypeMismatch,
                "a value of type {0} does not fit {1}"},
    Translation{"datatype mismatch", SqlState::kDatatypeMismatch,
                "a value does not fit its column's type"},
};

bool match(std::string_view pattern, std::string_view text, Pieces& pieces) {
  for (std::size_t piece = 0;; ++piece) {
    const auto hole = pattern.find("{}");
    if (hole == std::string_view::npos || piece == pieces.size()) return pattern == text;
    if (!text.starts_with(pattern.substr(0, hole))) return false;
    text.remove_prefix(hole);
    pattern.remove_prefix(hole + 2);
    const auto literal = pattern.substr(0, pattern.find("{}"));
    std::size_t end = text.size();
    if (literal.size() == pattern.size()) {  // the last piece is as long as it can be
      if (!text.ends_with(literal)) return false;
      end -= literal.size();
    } else if (end = text.find(literal); end == std::string_view::npos) {
      return false;
    }
    pieces[piece] = text.substr(0, end);
    text.remove_prefix(end);
  }
}

// SQLite says which schema a table is in, which its users never name, and quotes some names.
std::string_view bare(std::string_view name) {
  if (name.starts_with("main.")) name.remove_prefix(5);
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

template <std::size_t kCount>
std::optional<SqlError> translate(const std::array<Translation, kCount>& translations,
                                  std::string_view message) {
  for (const Translation& translation : translations) {
    Pieces pieces;
    if (!match(translation.message, message, pieces)) continue;
    const bool quoted = translation.answer.find('"') != std::string_view::npos;
    return SqlError{translation.state,
                    fmt::format(fmt::runtime(translation.answer),
                                quoted ? bare(pieces[0]) : pieces[0], pieces[1]),
                    {}};
  }
  return std::nullopt;
}

std::optional<SqlError> stated(std::string_view message) {
  constexpr std::size_t kStateSize = 5;
  if (message.substr(std::min(kStateSize, message.size())).substr(0, 2) != ": ") {
    return std::nullopt;
  }
  const auto state = state_of(message.substr(0, kStateSize));
  if (!state) return std::nullopt;
  return SqlError{*state, std::string(message.substr(kStateSize + 2)), {}};
}

SqlError statement_error(std::string_view message) {
  if (auto error = stated(message)) return *error;
  if (auto error = translate(kTranslations, message)) return *error;
  return {SqlState::kSyntaxError, std::string(message), {}};
}

SqlError constraint_error(int extended, std::string_view message) {
  if (extended == SQLITE_CONSTRAINT_TRIGGER) {  // the user's own RAISE
    if (auto error = stated(message)) return *error;
    return {SqlState::kIntegrityViolation, std::string(message), {}};
  }
  if (auto error = translate(kConstraints, message)) return *error;
  return {SqlState::kIntegrityViolation, std::string(message), {}};
}

// What the machine did: SQLite's own words could hold a path, and would help no caller.
SqlError machine_error(int extended) {
  const auto answer = [extended](SqlState state, std::string_view what) {
    return SqlError{state, fmt::format("{} (SQLite {})", what, extended), {}};
  };
  if (is_full_disk(extended)) return answer(SqlState::kDiskFull, "the database's disk is full");
  switch (extended & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return answer(SqlState::kConnectionFailure, "the database cannot be opened");
    case SQLITE_READONLY:
      return answer(SqlState::kIoError, "the database cannot be written");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return answer(SqlState::kIoError, "the database's file is damaged");
    case SQLITE_IOERR:
      return answer(SqlState::kIoError, "the database's disk failed");
    default:
      return answer(SqlState::kInternalError, "the database refused a call of Roost's");
  }
}

}  // namespace

SqlError sqlite_error(sqlite3* connection) {
  const int extended = sqlite3_extended_errcode(connection);
  const std::string_view message = sqlite3_errmsg(connection);
  if (extended == SQLITE_IOERR_NOMEM) return {SqlState::kOutOfMemory, "out of memory", {}};
  switch (extended & 0xff) {
    case SQLITE_ERROR:
      return statement_error(message);
    case SQLITE_CONSTRAINT:
      return constraint_error(extended, message);
    case SQLITE_MISMATCH:
      return constraint_error(SQLITE_CONSTRAINT_DATATYPE, message);
    case SQLITE_AUTH:
      return {SqlState::kInsufficientPrivilege, fmt::format("permission denied: {}", message), {}};
    case SQLITE_INTERRUPT:
      return {SqlState::kQueryCanceled, "canceling statement due to statement timeout", {}};
    case SQLITE_TOOBIG:
      return {SqlState::kProgramLimitExceeded, "a value or the statement is too large", {}};
    case SQLITE_NOMEM:
      return {SqlState::kOutOfMemory, "out of memory", {}};
    case SQLITE_RANGE:
      return {SqlState::kUndefinedParameter, "there is no such parameter", {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
      return {SqlState::kSerializationFailure,
              "the database was changed or locked by others for too long: try again",
              {}};
    default:
      return machine_error(extended);
  }
}

}  // namespace database::sqlite
