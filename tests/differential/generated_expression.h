// Random expressions of one type over the tables in scope.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "differential/choices.h"
#include "differential/generated_tables.h"

namespace differential {

// A table under the name by which columns of it are written; empty: bare.
struct Visible {
  std::string name;
  const GeneratedTable* table;
};
using Scope = std::vector<Visible>;

class ExpressionGenerator {
 public:
  explicit ExpressionGenerator(Choices& choices) : choices_(choices) {}

  std::string make(Type type, const Scope& scope, int depth);
  std::string condition(const Scope& scope) { return make(Type::kBool, scope, 2); }
  std::string literal(Type type);
  // A column of the type that is in scope, or a literal.
  std::string column(Type type, const Scope& scope);
  Type type();
  const GeneratedTable& table() { return choices_.of(generated_tables()); }
  std::string alias();

  // Without sub-queries: for where they would see a state that is not compared.
  bool sub_queries = true;

 private:
  std::string make_int(const Scope& scope, int depth);
  std::string make_text(const Scope& scope, int depth);
  std::string make_real(const Scope& scope, int depth);
  std::string make_bool(const Scope& scope, int depth);
  std::string make_uuid(const Scope& scope, int depth);
  std::string make_case(Type type, const Scope& scope, int depth);
  std::string comparison(const Scope& scope, int depth);
  std::string membership(const Scope& scope, int depth);
  std::string aggregate(Type type, const Scope& scope, int depth);

  Choices& choices_;
  int aliases_ = 0;
};

}  // namespace differential
