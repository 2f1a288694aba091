// Random statements over the schema, of types that PostgreSQL accepts and with one answer only.
//
// Left out is what has no single answer on PostgreSQL itself (a LIMIT without an order, errors of
// expressions whose order of evaluation is free, ids taken from a sequence by rows that conflict)
// and what is known to differ (known_differences.h). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "differential/choices.h"

namespace differential {

struct Generated {
  std::string sql;
  // Several rows are changed, or one row by several rules: which of two violations is found first
  // is the database's own affair.
  bool many_faults = false;
  // Unique values of several rows change: each must be free at its turn, and whose turn it is is
  // the database's own affair.
  bool moves_keys = false;
};

Generated generate_statement(Choices& choices);

}  // namespace differential
