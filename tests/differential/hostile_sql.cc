#include "differential/hostile_sql.h"

#include <fmt/format.h>

#include "database/sqlite/schema.h"
#include "differential/callers.h"
#include "differential/hostile_world.h"

namespace differential {
namespace {

using database::sqlite::quote_name;

class HostileSql {
 public:
  explicit HostileSql(Choices& choices) : choices_(choices) {}

  std::string query(int depth) {
    std::string text = with(depth) + select(depth);
    if (!choices_.chance(10)) return text + order();
    return fmt::format("{} {} SELECT {} FROM {}", text,
                       choices_.of({"UNION ALL", "UNION", "EXCEPT", "INTERSECT"}),
                       columns_ == 0 ? "*" : expressions("", columns_, 0), source());
  }

 private:
  std::string source() {
    if (choices_.chance(6)) {
      return std::string(choices_.of({"sqlite_master",
                                      "sqlite_schema",
                                      "sqlite_temp_master",
                                      "pragma_table_list",
                                      "pragma_database_list",
                                      "pragma_function_list",
                                      "pragma_module_list",
                                      "dbstat",
                                      "sqlite_dbpage",
                                      "json_each('[1,2]')",
                                      "json_tree('{\"a\":1}')",
                                      "_roost_policy",
                                      "_roost_grant",
                                      "sqlite_stmt",
                                      "bytecode('SELECT 1')",
                                      "generate_series(1,3)",
                                      "pragma_table_info('owned')",
                                      "sqlite_sequence",
                                      "sqlite_stat1",
                                      "completion"}));
    }
    const std::string_view prefix = choices_.of(
        {"", "", "", "", "", "", "__u_", "__u_", "__d_", "__d_", "__r_", "__o_", "__x_"});
    const std::string name = std::string(prefix) + choices_.of(HostileWorld::tables());
    return std::string(choices_.of({"", "", "", "", "main.", "temp.", "public.", "nosuch."})) +
           quote_name(name);
  }

  std::string column(std::string_view alias) {
    const std::string_view name = choices_.of(
        {"canary", "secret", "owner", "id", "team", "rowid", "_rowid_", "oid", "nonexistent"});
    return alias.empty() ? std::string(name) : fmt::format("{}.{}", alias, name);
  }

  std::string literal() {
    return std::string(choices_.of({"1", "2", "NULL", "'x'", "5", "-1", "1.5", "x'00'",
                                    "auth_uid()", "''", "'%'", "1e9", "'canary'"}));
  }

  std::string expression(std::string_view alias, int depth) {
    const std::string a = column(alias);
    switch (choices_.below(depth > 0 ? 16 : 6)) {
      case 0:
      case 1:
      case 2:
        return a;
      case 3:
        return literal();
      case 4:
        return fmt::format("{} || ''", a);
      case 5:
        return fmt::format("hex({})", a);
      case 6:
        return fmt::format("{}({})",
                           choices_.of({"max", "min", "group_concat", "sum", "total",
                                        "json_group_array", "count"}),
                           a);
      case 7:
        return fmt::format("({})", query(depth - 1));
      case 8:
        return fmt::format("CASE WHEN {} THEN {} END", condition(alias, depth - 1), a);
      case 9:
        return fmt::format("{}({})", choices_.of({"quote",          "length",
                                                  "typeof",         "lower",
                                                  "unicode",        "abs",
                                                  "zeroblob",       "json_object",
                                                  "printf",         "likely",
                                                  "random",         "changes",
                                                  "sqlite_version", "last_insert_rowid",
                                                  "load_extension", "readfile",
                                                  "roost_armed",    "roost_check",
                                                  "roost_bind",     "pg_text",
                                                  "pg_int"}),
                           a);
      case 10:
        return fmt::format("json_object('k', {})", a);
      case 11:
        return fmt::format("{} OVER (ORDER BY {})",
                           choices_.of({"lag(canary)", "first_value(canary)", "row_number()",
                                        "lead(secret)", "max(canary)"}),
                           a);
      case 12:
        return fmt::format("1 / ({} - {})", a, literal());
      case 13:
        return fmt::format("CAST({} AS {})", a, choices_.of({"INTEGER", "TEXT", "BLOB"}));
      case 14:
        return fmt::format("{} {} {}", a,
                           choices_.of({"->", "->>", "+", "=", "<", "IS", "COLLATE NOCASE ="}),
                           literal());
      default:
        return fmt::format("({} IN (SELECT {} FROM {}))", a, column(""), source());
    }
  }

  std::string expressions(std::string_view alias, std::size_t count, int depth) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + expression(alias, depth);
    return text;
  }

  std::string condition(std::string_view alias, int depth) {
    const std::string a = column(alias);
    switch (choices_.below(depth > 0 ? 12 : 8)) {
      case 0:
        return "1";
      case 1:
        return fmt::format("{} {} {}", a,
                           choices_.of({"=", "<", ">", "<=", ">=", "<>", "IS", "IS NOT"}),
                           literal());
      case 2:
        return fmt::format(
            "{} {}", a,
            choices_.of({"IS NOT NULL", "IS NULL", "IN (1, 2, 3)", "IN (NULL)", "BETWEEN 0 AND 5",
                         "LIKE '%a%'", "GLOB '*'", "MATCH 'x'", "IN ()"}));
      case 3:
        return fmt::format("owner {} '{}'", choices_.of({"=", "<>", "IS NOT"}),
                           choices_.of({kAlice, kBob, kCarol}));
      case 4:
        return "owner <> auth_uid()";
      case 5:
        return fmt::format("1 / ({} - {}) > 0", a, literal());
      case 6:
        return fmt::format("({} OR {})", condition(alias, 0), condition(alias, 0));
      case 7:
        return fmt::format("{} COLLATE {} >= {}", a, choices_.of({"NOCASE", "BINARY", "RTRIM"}),
                           literal());
      case 8:
        return fmt::format("EXISTS ({})", query(depth - 1));
      case 9:
        return fmt::format("{} IN (SELECT {} FROM {})", a, column(""), source());
      case 10:
        return fmt::format("{} = (SELECT {} FROM {} LIMIT 1)", a, column(""), source());
      default:
        return fmt::format("NOT ({})", condition(alias, depth - 1));
    }
  }

  std::string with(int depth) {
    if (depth == 0 || !choices_.chance(20)) return "";
    const std::string name = quote_name(choices_.of(HostileWorld::tables()));
    const std::string_view kind = choices_.of({"", " MATERIALIZED", " NOT MATERIALIZED"});
    if (choices_.chance(20)) {
      return fmt::format(
          "WITH RECURSIVE {0}(id, canary) AS (SELECT 1, canary FROM main.{0} UNION "
          "SELECT id + 1, canary FROM {0} WHERE id < 5) ",
          name);
    }
    return fmt::format("WITH {} AS{} (SELECT * FROM {}) ", name, kind, source());
  }

  std::string select(int depth) {
    const std::string from = source();
    const bool joins = choices_.chance(25);
    columns_ = choices_.chance(35) ? 0 : 1 + choices_.below(3);
    const std::size_t columns = columns_;
    const std::string list = columns == 0 ? "*" : expressions(joins ? "a" : "", columns, depth);
    std::string text = fmt::format("SELECT {}{} FROM {}{}", choices_.chance(10) ? "DISTINCT " : "",
                                   list, from, joins ? " AS a" : "");
    if (joins) {
      text += fmt::format(
          " {} {} AS b ON {}",
          choices_.of({"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"}), source(),
          choices_.of(
              {"a.id = b.id", "1", "a.owner = b.owner", "a.team = b.team", "a.secret < b.secret"}));
    }
    if (choices_.chance(60)) text += " WHERE " + condition(joins ? "a" : "", depth);
    if (choices_.chance(10)) text += fmt::format(" GROUP BY {}", column(joins ? "a" : ""));
    columns_ = columns;
    alias_ = joins ? "a" : "";
    return text;
  }

  std::string order() {
    std::string text;
    if (choices_.chance(25)) {
      text += fmt::format(" ORDER BY {}{}", column(alias_),
                          choices_.of({"", " DESC", " NULLS LAST", " COLLATE NOCASE"}));
    }
    if (choices_.chance(15)) text += " LIMIT 3";
    return text;
  }

  Choices& choices_;
  std::size_t columns_ = 0;  // of the last SELECT; 0: a star
  std::string_view alias_;   // of its first table, if its columns need one
};

}  // namespace

std::string hostile_query(Choices& choices) { return HostileSql(choices).query(2); }

std::string hostile_command(Choices& choices, std::string_view folder) {
  const std::string file = fmt::format("{}/data.db", folder);
  const std::string table = quote_name(choices.of(HostileWorld::tables()));
  switch (choices.below(16)) {
    case 0:
      return fmt::format("ATTACH '{}' AS x", file);
    case 1:
      return fmt::format("ATTACH 'file:{}?mode=ro' AS x", file);
    case 2:
      return fmt::format("UPDATE {} SET owner = auth_uid()", table);
    case 3:
      return fmt::format("DELETE FROM {}", table);
    case 4:
      return fmt::format("INSERT INTO {} (id, owner) VALUES (77, 'x')", table);
    case 5:
      return fmt::format("DROP TABLE {}", table);
    case 6:
      return fmt::format("CREATE VIRTUAL TABLE v{} USING {}", choices.below(100), table);
    case 7:
      return fmt::format("CREATE TEMP VIEW w{} AS SELECT * FROM {}", choices.below(100), table);
    case 8:
      return fmt::format("CREATE TEMP TABLE c{} AS SELECT * FROM {}", choices.below(100), table);
    case 9:
      return "PRAGMA writable_schema = ON";
    case 10:
      return "PRAGMA trusted_schema = ON";
    case 11:
      return fmt::format("UPDATE \"__u_{}\" SET canary = 'x'", "owned");
    case 12:
      return "REINDEX";
    case 13:
      return fmt::format("EXPLAIN SELECT * FROM {}", table);
    case 14:
      return "PRAGMA query_only = OFF";
    default:
      return fmt::format("ALTER TABLE {} RENAME TO stolen", table);
  }
}

}  // namespace differential
