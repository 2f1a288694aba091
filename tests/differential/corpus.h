// Statements by hand, each of which is run as every caller on both databases and rolled back.
//
// Their answers are determined: an ORDER BY leaves no ties, a LIMIT has an ORDER BY.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "database/statement.h"

namespace differential {

std::span<const std::string_view> select_corpus();
std::span<const std::string_view> insert_corpus();
std::span<const std::string_view> update_corpus();
std::span<const std::string_view> delete_corpus();
// Statements that fail, each with a class of error of its own.
std::span<const std::string_view> error_corpus();
// Attempts to see or change what the policies hide.
std::span<const std::string_view> bypass_corpus();
const std::vector<database::Statement>& parameter_corpus();

// All of them.
std::vector<database::Statement> whole_corpus();

// One after another on the same tables, each kept.
struct Kept {
  std::string_view caller;
  std::string_view sql;
};
std::span<const Kept> kept_corpus();

}  // namespace differential
