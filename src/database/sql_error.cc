#include "database/sql_error.h"

#include <array>

#include <fmt/format.h>

#include "base/encoding.h"

namespace database {
namespace {

struct Entry {
  SqlState state;
  std::string_view code;
  std::string_view name;
};

// In the order of SqlState.
constexpr std::array kEntries{
    Entry{SqlState::kSyntaxError, "42601", "syntax_error"},
    Entry{SqlState::kFeatureNotSupported, "0A000", "feature_not_supported"},
    Entry{SqlState::kUndefinedTable, "42P01", "undefined_table"},
    Entry{SqlState::kUndefinedColumn, "42703", "undefined_column"},
    Entry{SqlState::kUndefinedFunction, "42883", "undefined_function"},
    Entry{SqlState::kUndefinedParameter, "42P02", "undefined_parameter"},
    Entry{SqlState::kUndefinedObject, "42704", "undefined_object"},
    Entry{SqlState::kInvalidSchemaName, "3F000", "invalid_schema_name"},
    Entry{SqlState::kAmbiguousColumn, "42702", "ambiguous_column"},
    Entry{SqlState::kDuplicateColumn, "42701", "duplicate_column"},
    Entry{SqlState::kDuplicateObject, "42710", "duplicate_object"},
    Entry{SqlState::kDuplicateAlias, "42712", "duplicate_alias"},
    Entry{SqlState::kWrongObjectType, "42809", "wrong_object_type"},
    Entry{SqlState::kGeneratedAlways, "428C9", "generated_always"},
    Entry{SqlState::kGroupingError, "42803", "grouping_error"},
    Entry{SqlState::kWindowingError, "42P20", "windowing_error"},
    Entry{SqlState::kDatatypeMismatch, "42804", "datatype_mismatch"},
    Entry{SqlState::kInvalidColumnReference, "42P10", "invalid_column_reference"},
    Entry{SqlState::kInvalidRecursion, "42P19", "invalid_recursion"},
    Entry{SqlState::kInfinitePolicyRecursion, "42P17", "invalid_object_definition"},
    Entry{SqlState::kInsufficientPrivilege, "42501", "insufficient_privilege"},
    Entry{SqlState::kCardinalityViolation, "21000", "cardinality_violation"},
    Entry{SqlState::kInvalidTextRepresentation, "22P02", "invalid_text_representation"},
    Entry{SqlState::kUntranslatableCharacter, "22P05", "untranslatable_character"},
    Entry{SqlState::kCharacterNotInRepertoire, "22021", "character_not_in_repertoire"},
    Entry{SqlState::kNumericValueOutOfRange, "22003", "numeric_value_out_of_range"},
    Entry{SqlState::kDivisionByZero, "22012", "division_by_zero"},
    Entry{SqlState::kInvalidParameterValue, "22023", "invalid_parameter_value"},
    Entry{SqlState::kInvalidLimit, "2201W", "invalid_row_count_in_limit_clause"},
    Entry{SqlState::kInvalidOffset, "2201X", "invalid_row_count_in_result_offset_clause"},
    Entry{SqlState::kInvalidPowerArgument, "2201F", "invalid_argument_for_power_function"},
    Entry{SqlState::kSubstringError, "22011", "substring_error"},
    Entry{SqlState::kNotNullViolation, "23502", "not_null_violation"},
    Entry{SqlState::kForeignKeyViolation, "23503", "foreign_key_violation"},
    Entry{SqlState::kUniqueViolation, "23505", "unique_violation"},
    Entry{SqlState::kCheckViolation, "23514", "check_violation"},
    Entry{SqlState::kIntegrityViolation, "23000", "integrity_constraint_violation"},
    Entry{SqlState::kQueryCanceled, "57014", "query_canceled"},
    Entry{SqlState::kProgramLimitExceeded, "54000", "program_limit_exceeded"},
    Entry{SqlState::kStatementTooComplex, "54001", "statement_too_complex"},
    Entry{SqlState::kOutOfMemory, "53200", "out_of_memory"},
    Entry{SqlState::kDiskFull, "53100", "disk_full"},
    Entry{SqlState::kIoError, "58030", "io_error"},
    Entry{SqlState::kConnectionFailure, "08006", "connection_failure"},
    Entry{SqlState::kSerializationFailure, "40001", "serialization_failure"},
    Entry{SqlState::kInternalError, "XX000", "internal_error"},
};

consteval bool in_order() {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<std::size_t>(kEntries[i].state) != i) return false;
  }
  return kEntries.back().state == SqlState::kInternalError;
}
static_assert(in_order());

const Entry& entry_of(SqlState state) { return kEntries[static_cast<std::size_t>(state)]; }

base::Code error_code_of(SqlState state) {
  switch (state) {
    case SqlState::kQueryCanceled:
      return base::Code::kTimeout;
    case SqlState::kOutOfMemory:
    case SqlState::kDiskFull:
    case SqlState::kIoError:
    case SqlState::kConnectionFailure:
    case SqlState::kSerializationFailure:
      return base::Code::kDatabaseUnavailable;
    case SqlState::kInternalError:
      return base::Code::kInternal;
    default:
      return base::Code::kInvalidArgument;
  }
}

}  // namespace

std::string_view code_of(SqlState state) { return entry_of(state).code; }
std::string_view name_of(SqlState state) { return entry_of(state).name; }

std::optional<SqlState> state_of(std::string_view code) {
  for (const Entry& entry : kEntries) {
    if (entry.code == code) return entry.state;
  }
  return std::nullopt;
}

std::string to_json(const SqlError& error) {
  std::string json = fmt::format(R"({{"code":"{}","class":"{}","message":)", code_of(error.state),
                                 name_of(error.state));
  base::append_json_string(json, error.message);
  if (error.position) json += fmt::format(R"(,"position":{})", *error.position);
  if (error.statement) json += fmt::format(R"(,"statement":{})", *error.statement);
  json.push_back('}');
  return json;
}

base::Error to_error(const SqlError& error) {
  return {error_code_of(error.state),
          fmt::format("{} ({}, {})", error.message, code_of(error.state), name_of(error.state))};
}

// Not a lack of memory: one greedy statement can cause it, and must not shut the others out.
bool is_database_failure(SqlState state) {
  return state == SqlState::kDiskFull || state == SqlState::kIoError ||
         state == SqlState::kConnectionFailure;
}

}  // namespace database
