// What can go wrong with a statement, under PostgreSQL's names.
//
// `SqlState` is closed: every driver maps its own failures to these, so that a guest's handling of
// an error does not depend on the database behind it. Codes and condition names are PostgreSQL's
// (its manual, appendix A). `position` counts characters of the statement as it was sent, from 1,
// as PostgreSQL does. Pure values.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace database {

enum class SqlState : std::uint8_t {
  kSyntaxError,                // 42601
  kFeatureNotSupported,        // 0A000: PostgreSQL has it, this database does not
  kUndefinedTable,             // 42P01
  kUndefinedColumn,            // 42703
  kUndefinedFunction,          // 42883
  kUndefinedParameter,         // 42P02
  kUndefinedObject,            // 42704
  kInvalidSchemaName,          // 3F000
  kAmbiguousColumn,            // 42702
  kDuplicateColumn,            // 42701
  kDuplicateObject,            // 42710
  kDuplicateAlias,             // 42712
  kWrongObjectType,            // 42809
  kGeneratedAlways,            // 428C9
  kGroupingError,              // 42803
  kWindowingError,             // 42P20
  kDatatypeMismatch,           // 42804
  kInvalidColumnReference,     // 42P10
  kInvalidRecursion,           // 42P19
  kInfinitePolicyRecursion,    // 42P17
  kInsufficientPrivilege,      // 42501: no grant, or a row that a policy refuses
  kCardinalityViolation,       // 21000
  kInvalidTextRepresentation,  // 22P02
  kUntranslatableCharacter,    // 22P05: an escape of U+0000 in JSON
  kCharacterNotInRepertoire,   // 22021: U+0000 in a text
  kNumericValueOutOfRange,     // 22003
  kDivisionByZero,             // 22012
  kInvalidParameterValue,      // 22023
  kInvalidLimit,               // 2201W
  kInvalidOffset,              // 2201X
  kInvalidPowerArgument,       // 2201F: a root's too
  kSubstringError,             // 22011
  kNotNullViolation,           // 23502
  kForeignKeyViolation,        // 23503
  kUniqueViolation,            // 23505
  kCheckViolation,             // 23514
  kIntegrityViolation,         // 23000
  kQueryCanceled,              // 57014: past the call's deadline
  kProgramLimitExceeded,       // 54000: too many rows or bytes, too large a statement
  kStatementTooComplex,        // 54001
  kOutOfMemory,                // 53200
  kDiskFull,                   // 53100
  kIoError,                    // 58030
  kConnectionFailure,          // 08006: the database cannot be reached, or its breaker is open
  kSerializationFailure,       // 40001: another program held the lock for too long
  kInternalError,              // XX000
};

std::string_view code_of(SqlState state);  // "23505"
std::string_view name_of(SqlState state);  // "unique_violation"
std::optional<SqlState> state_of(std::string_view code);

struct SqlError {
  SqlState state = SqlState::kInternalError;
  std::string message;
  std::optional<std::uint32_t> position;
  std::optional<std::uint32_t> statement = std::nullopt;  // of a run of several: which, from 0
};

template <class T>
using SqlResult = std::expected<T, SqlError>;

inline std::unexpected<SqlError> sql_fail(SqlState state, std::string message,
                                          std::optional<std::uint32_t> position = std::nullopt) {
  return std::unexpected(SqlError{state, std::move(message), position});
}
inline std::unexpected<SqlError> sql_fail(SqlError error) {
  return std::unexpected(std::move(error));
}

// {"code":"23505","class":"unique_violation","message":"…","position":17,"statement":0}: what
// guests and administrators read; without the last two where they are not known.
std::string to_json(const SqlError& error);

// For interfaces that speak base::Error: kDatabaseUnavailable for what the database's machine did,
// kInvalidArgument for the statement's own fault, kTimeout past the deadline.
base::Error to_error(const SqlError& error);

// Whether the database itself failed, rather than the statement: what a breaker counts.
bool is_database_failure(SqlState state);

}  // namespace database
