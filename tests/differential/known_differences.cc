#include "differential/known_differences.h"

#include <string>

namespace differential {
namespace {

constexpr std::string_view kEveryone = "anon alice bob carol dave nameless service";

constexpr std::string_view kRefusedByName =
    "SQLite has nothing like it, and Roost does not imitate it: an error names it";
constexpr std::string_view kNoBoolean =
    "a STRICT table has no type for booleans: they are kept in INTEGER columns, whose text is 1 or "
    "0";
constexpr std::string_view kIdIsMade =
    "SQLite makes the id where an INTEGER PRIMARY KEY is missing or NULL";
constexpr std::string_view kFoldedEarly =
    "PostgreSQL computes constants before it reads a row; SQLite where a row asks for them";
constexpr std::string_view kFoldedTable =
    "PostgreSQL forgets what stands in an arm that is never taken, and with it that the table was "
    "not granted; Roost asks for every table that a statement names";
constexpr std::string_view kReturningSeesChange =
    "RETURNING is written when the change is made, and a query in it sees the new rows";
constexpr std::string_view kHiddenConflict =
    "the row in conflict must be visible before DO UPDATE's WHERE looks at it: PostgreSQL shows by "
    "its silence whether the WHERE holds for a row that the caller may not see";

constexpr KnownDifference kList[] = {
    {"SELECT DISTINCT ON (user_id) user_id, id FROM notes ORDER BY user_id, id", kEveryone, "",
     "0A000", kRefusedByName},
    {"SELECT n.title, x.y FROM notes n, LATERAL (SELECT n.n + 1 AS y) x", kEveryone, "", "0A000",
     kRefusedByName},
    {"UPDATE notes SET n = p.stock FROM products p WHERE p.id = notes.id AND p.stock > 0 RETURNING "
     "notes.id, p.name",
     kEveryone, "", "0A000", kRefusedByName},
    {"DELETE FROM notes USING products p WHERE p.id = notes.id AND p.stock > 5 RETURNING notes.id, "
     "p.name",
     kEveryone, "", "0A000", kRefusedByName},
    {"SELECT done::text AS d FROM notes WHERE id = 2", "alice service", R"({"d":"true"})",
     R"({"d":"1"})", kNoBoolean},
    {"INSERT INTO notes (id, title) VALUES (NULL, 'no id') RETURNING title", "alice bob carol dave",
     "23502", R"({"title":"no id"})", kIdIsMade},
    {R"(INSERT INTO "Odd Table" ("order") VALUES (77) RETURNING "order")", "alice bob carol dave",
     "23502", R"({"order":77})", kIdIsMade},
    {"UPDATE notes SET n = 1 / 0 WHERE id = 1", "anon bob carol dave nameless", "22012",
     "0 changed", kFoldedEarly},
    {"SELECT id FROM documents WHERE CASE WHEN secret = 'zeta' THEN 1 / 0 ELSE 1 END = 1",
     "anon alice bob nameless", "22012", "", kFoldedEarly},
    {"SELECT CASE WHEN true THEN 1 ELSE (SELECT count(*) FROM ledger) END AS c",
     "anon alice bob carol dave nameless", R"({"c":1})", "42501", kFoldedTable},
    {"INSERT INTO members (team_id, user_id) VALUES (2, auth.uid()) RETURNING (SELECT name FROM "
     "teams WHERE id = 2)",
     "alice dave", R"({"name":null})", R"({"name":"green"})", kReturningSeesChange},
    {"INSERT INTO notes (id, title) VALUES (4, 'x') ON CONFLICT (id) DO UPDATE SET n = 1 WHERE "
     "false",
     "alice carol dave", "0 changed", "42501", kHiddenConflict},
};

}  // namespace

bool KnownDifference::applies_to(std::string_view caller) const {
  return (" " + std::string(callers) + " ").find(" " + std::string(caller) + " ") !=
         std::string::npos;
}

std::span<const KnownDifference> known_differences() { return kList; }

}  // namespace differential
