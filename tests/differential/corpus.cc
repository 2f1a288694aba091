#include "differential/corpus.h"

#include <string>

#include "differential/callers.h"

namespace differential {
namespace {

constexpr std::string_view kErrors[] = {
    "SELEC 1",
    "SELECT FROM WHERE",
    "SELECT * FROM notes WHERE",
    "SELECT 'open",
    "SELECT * FROM nothing",
    "SELECT * FROM notes JOIN nothing ON true",
    "SELECT nothing FROM notes",
    "SELECT notes.nothing FROM notes",
    "SELECT x.id FROM notes",
    "SELECT notes.id FROM notes n",
    "SELECT id FROM notes, documents",
    "SELECT * FROM notes a JOIN notes a ON true",
    "SELECT nothing(1)",
    "SELECT upper(1, 2, 3)",
    "SELECT id FROM notes GROUP BY title",
    "SELECT title, count(*) FROM notes",
    "SELECT id FROM notes WHERE count(*) > 1",
    "SELECT sum(count(*)) FROM notes",
    "SELECT id FROM notes WHERE row_number() OVER () = 1",
    "SELECT row_number() FROM notes",
    "SELECT id FROM notes UNION SELECT id, title FROM notes",
    "SELECT id FROM notes ORDER BY 9",
    "SELECT id FROM notes ORDER BY nothing",
    "SELECT 1 / 0",
    "SELECT 1 % 0",
    "SELECT 1.0 / 0",
    "SELECT 'abc'::int",
    "SELECT '12x'::float8",
    "SELECT 'maybe'::boolean",
    "SELECT 99999999999::int",
    "SELECT 9223372036854775807 + 1",
    "SELECT sqrt(-1)",
    "SELECT power(-8, 1.0 / 3)",
    "SELECT power(0, -1)",
    "SELECT substr('abc', 1, -1)",
    "SELECT repeat('x', -1) AS none, substr('abc', -1, 3) AS a, left('abc', -1) AS ab",
    "SELECT split_part('a', ',', 0)",
    "SELECT (SELECT id FROM products)",
    "SELECT (SELECT 1, 2)",
    "SELECT * FROM (VALUES (1, 2), (3)) AS v",
    "SELECT $1",
    "SELECT id FROM notes LIMIT -1",
    "SELECT 1 FROM notes FETCH FIRST 1 ROWS WITH TIES",
    "INSERT INTO nothing (a) VALUES (1)",
    "INSERT INTO notes (nothing) VALUES (1)",
    "INSERT INTO notes (title, title) VALUES ('a', 'b')",
    "INSERT INTO notes (title) VALUES ('a', 'b')",
    "INSERT INTO notes (title, n) VALUES ('a')",
    "INSERT INTO notes (title) VALUES ('a') RETURNING nothing",
    "INSERT INTO notes (title) VALUES ('a') ON CONFLICT (n) DO NOTHING",
    "INSERT INTO notes (title) VALUES ('a') ON CONFLICT (nothing) DO NOTHING",
    "INSERT INTO notes (title) VALUES ('a') ON CONFLICT DO UPDATE SET n = 1",
    "INSERT INTO notes (title) VALUES ('a') ON CONFLICT (id) DO UPDATE SET nothing = 1",
    "INSERT INTO notes (title) VALUES ('a') ON CONFLICT (id) DO UPDATE SET n = 1, n = 2",
    "UPDATE nothing SET a = 1",
    "UPDATE notes SET nothing = 1",
    "UPDATE notes SET n = 1, n = 2",
    "UPDATE notes SET n = count(*)",
    "UPDATE notes SET n = sum(n)",
    "UPDATE notes SET n = row_number() OVER ()",
    "UPDATE notes SET n = 1 WHERE count(*) > 0",
    "UPDATE notes SET n = 1 WHERE nothing = 1",
    "UPDATE notes SET n = 1 / 0 WHERE id = 1",
    "UPDATE notes SET n = 1 RETURNING count(*)",
    "UPDATE notes SET (n, body) = (1)",
    "DELETE FROM nothing",
    "DELETE FROM notes WHERE nothing = 1",
    "DELETE FROM notes WHERE sum(n) > 1",
    "DELETE FROM notes RETURNING nothing",
    "DELETE FROM ledger WHERE id = 1",
    "SELECT * FROM ledger",
    "SELECT 1 FROM notes, ledger",
    "SELECT (SELECT count(*) FROM ledger)",
    "WITH l AS (SELECT * FROM ledger) SELECT 1",
    "INSERT INTO notes (title) SELECT 'x' FROM ledger",
    "UPDATE notes SET n = 1 WHERE id IN (SELECT id FROM ledger)",
    "DELETE FROM notes USING ledger WHERE ledger.id = notes.id",
    "SELECT * FROM ballots",
    "SELECT count(*) FROM ballots",
    "INSERT INTO notes (title) VALUES ('x') RETURNING (SELECT count(*) FROM ledger)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT 2) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT n FROM r) SELECT n FROM r",
    "WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a",
    "WITH a(x, y) AS (SELECT 1) SELECT * FROM a",
};

constexpr std::string_view kBypass[] = {
    // Expressions that fail on a row that is hidden would tell that it is there.
    "SELECT id FROM notes WHERE 1 / (n + 5) > 0 AND user_id = auth.uid()",
    "SELECT id FROM notes WHERE n <> 99 AND 1 / (n - 99) IS NOT NULL",
    "SELECT id FROM vault WHERE 1 / (id - 1) > 0",
    "SELECT id FROM vault WHERE secret::int > 0",
    "SELECT id FROM documents WHERE CASE WHEN secret = 'zeta' THEN 1 / 0 ELSE 1 END = 1",
    "SELECT count(*) FROM tree WHERE 1 / (id - 5) < 100",
    "SELECT id FROM teams WHERE name::int = 1 AND false",
    "UPDATE notes SET body = (1 / (n - 99))::text WHERE n IS NOT NULL",
    "UPDATE notes SET n = 1 WHERE 1 / (n + 5) > 5",
    "DELETE FROM notes WHERE 1 / (n + 5) > 5",
    "DELETE FROM vault WHERE 1 / (id - 1) > 0",
    "UPDATE posts SET body = 'x' WHERE 1 / (id - 4) > 5",
    "SELECT id FROM posts WHERE 1 / (id - 4) >= 0",
    // A change that may be made, but not read.
    "UPDATE posts SET body = body || '?'",
    "UPDATE posts SET likes = 1 WHERE body LIKE 'draft b%'",
    "UPDATE posts SET likes = 1 RETURNING body",
    "UPDATE posts SET likes = id",
    "UPDATE posts SET likes = 1 FROM posts p WHERE p.id = posts.id",
    "UPDATE posts SET body = p.body FROM posts p WHERE p.id = 1",
    "UPDATE posts SET likes = (SELECT count(*) FROM posts)",
    "DELETE FROM posts WHERE body = 'draft b'",
    "DELETE FROM posts RETURNING *",
    "DELETE FROM inbox RETURNING body",
    "DELETE FROM inbox WHERE sender = auth.uid()",
    "UPDATE ballots SET choice = 'x' WHERE choice = 'yes'",
    "DELETE FROM ballots WHERE voter IS NOT NULL",
    "INSERT INTO ballots (choice) VALUES ('x') ON CONFLICT (voter) DO UPDATE SET choice = 'x'",
    "INSERT INTO inbox (id, recipient) VALUES (1, auth.uid()) ON CONFLICT (id) DO UPDATE SET "
    "recipient = auth.uid()",
    "INSERT INTO inbox (id, recipient) VALUES (1, auth.uid()) ON CONFLICT (id) DO NOTHING",
    // Keys of hidden rows.
    "INSERT INTO notes (id, title) VALUES (6, 'x') ON CONFLICT (id) DO UPDATE SET user_id = "
    "auth.uid() RETURNING *",
    "INSERT INTO notes (id, title) VALUES (6, 'x') ON CONFLICT (id) DO UPDATE SET body = "
    "notes.body RETURNING body",
    "INSERT INTO notes (id, title) VALUES (6, 'x') ON CONFLICT (id) DO NOTHING RETURNING *",
    "INSERT INTO notes (id, user_id, title) VALUES (6, 'bbbbbbbb-0000-4000-8000-000000000002', "
    "'x') ON CONFLICT (id) "
    "DO NOTHING",
    "INSERT INTO documents (id, team_id) VALUES (7, 1) ON CONFLICT (id) DO UPDATE SET team_id = 1 "
    "RETURNING secret",
    "INSERT INTO teams (name) VALUES ('black') ON CONFLICT (name) DO UPDATE SET owner = auth.uid()",
    "INSERT INTO vault (id, secret) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET secret = 'y' "
    "RETURNING secret",
    "INSERT INTO settings (user_id, name) VALUES ('bbbbbbbb-0000-4000-8000-000000000002', "
    "'colour') ON CONFLICT "
    "(user_id, name) DO UPDATE SET user_id = auth.uid() RETURNING value",
    // Another row made one's own, or one's own given away.
    "UPDATE notes SET user_id = auth.uid(), n = 1 WHERE id = 6",
    "UPDATE documents SET team_id = 1 WHERE id = 7",
    "UPDATE documents SET author = 'bbbbbbbb-0000-4000-8000-000000000002' WHERE id = 1 RETURNING "
    "id",
    "UPDATE teams SET owner = auth.uid() WHERE id = 2",
    "UPDATE tree SET owner = 'bbbbbbbb-0000-4000-8000-000000000002' WHERE id = 2",
    "UPDATE inbox SET recipient = auth.uid()",
    "INSERT INTO members (team_id, user_id) VALUES (2, 'bbbbbbbb-0000-4000-8000-000000000002')",
    "INSERT INTO teams (id, name) VALUES (2, 'x')",
    "INSERT INTO members (team_id, user_id) VALUES (2, auth.uid()) RETURNING (SELECT name FROM "
    "teams WHERE id = 2)",
    // Names that mean something else.
    "WITH notes AS (SELECT * FROM public.notes) SELECT id FROM notes",
    "WITH notes AS (SELECT * FROM notes) SELECT id FROM notes",
    "WITH members AS (SELECT 2 AS team_id, auth.uid() AS user_id) SELECT id FROM teams",
    "WITH teams AS (SELECT 4 AS id) SELECT id, secret FROM documents",
    "WITH m AS (SELECT * FROM members) SELECT * FROM teams WHERE id IN (SELECT team_id FROM m)",
    "SELECT * FROM notes AS vault",
    "SELECT vault.* FROM notes AS vault",
    "WITH vault AS (SELECT 'mine' AS secret) SELECT secret FROM vault",
    "WITH ledger AS (SELECT 1 AS id) SELECT id FROM ledger",
    "WITH a AS (SELECT id FROM ledger) SELECT 1 FROM notes WHERE false",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM ledger)",
    "SELECT CASE WHEN true THEN 1 ELSE (SELECT count(*) FROM ledger) END AS c",
    "WITH RECURSIVE notes AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM notes WHERE id < 3) "
    "SELECT * FROM notes",
    "UPDATE notes SET n = 1 FROM (SELECT id AS i FROM notes) AS notes2 WHERE notes2.i = notes.id "
    "AND n > 0",
    "WITH notes AS (SELECT 6 AS id) UPDATE notes SET n = 1 WHERE notes.id IN (SELECT id FROM "
    "notes)",
    "WITH notes AS (SELECT 1 AS id) DELETE FROM notes WHERE id IN (SELECT 1)",
    // More than the policy's own conditions.
    "SELECT id FROM notes WHERE user_id = auth.uid() OR true",
    "SELECT id FROM notes WHERE n > 0 OR 1 = 1 -- everything",
    "SELECT max(id), min(user_id::text), count(*) FROM notes",
    "SELECT count(*) FROM notes a FULL JOIN notes b ON a.id = b.id + 1",
    "SELECT a.id FROM products a LEFT JOIN vault v ON true WHERE v.id IS NULL",
    "SELECT p.id, n.title FROM products p LEFT JOIN notes n ON n.id = p.id + 3",
    "SELECT id FROM notes EXCEPT SELECT id FROM notes WHERE user_id = auth.uid()",
    "SELECT EXISTS (SELECT 1 FROM notes WHERE title = 'secret_plan') AS there",
    "SELECT rank() OVER (ORDER BY n, id), id FROM notes",
    "SELECT * FROM documents WHERE archived",
    "SELECT id FROM documents WHERE author <> auth.uid() AND archived IS NOT FALSE",
    "SELECT * FROM members WHERE team_id IN (SELECT id FROM teams)",
    // Cascades reach what the policies hide, and no further.
    "DELETE FROM teams WHERE owner = auth.uid()",
    "DELETE FROM tree WHERE parent IS NULL",
    "UPDATE teams SET id = id + 100 WHERE owner = auth.uid()",
};

constexpr Kept kKept[] = {
    {"alice", "INSERT INTO notes (title, n) VALUES ('kept', 5) RETURNING id, title"},
    {"bob", "UPDATE notes SET n = 6 WHERE title = 'kept'"},
    {"alice", "UPDATE notes SET n = 6 WHERE title = 'kept' RETURNING n"},
    {"bob", "SELECT id FROM notes ORDER BY id"},
    {"alice", "SELECT id FROM notes ORDER BY id"},
    {"alice", "UPDATE notes SET done = true, n = 70 WHERE title = 'kept'"},
    {"bob", "SELECT id, n FROM notes WHERE title = 'kept'"},
    {"bob", "DELETE FROM notes WHERE title = 'kept'"},
    {"alice", "DELETE FROM notes WHERE title = 'kept'"},
    {"alice", "UPDATE notes SET done = false WHERE title = 'kept'"},
    {"anon", "SELECT id FROM notes ORDER BY id"},
    {"dave", "INSERT INTO members (team_id, user_id) VALUES (1, auth.uid())"},
    {"dave", "SELECT id, title FROM documents ORDER BY id"},
    {"dave",
     "INSERT INTO documents (team_id, title) VALUES (1, 'by dave') RETURNING id, title_length"},
    {"alice", "SELECT id, title FROM documents ORDER BY id"},
    {"dave", "UPDATE members SET rank = 'owner' WHERE team_id = 1"},
    {"alice", "DELETE FROM members WHERE team_id = 1"},
    {"alice", "SELECT id FROM documents ORDER BY id"},
    {"bob", "DELETE FROM teams WHERE id = 2 RETURNING name"},
    {"carol", "SELECT team_id FROM members"},
    {"service", "SELECT count(*) FROM documents"},
    {"bob", "DELETE FROM tree WHERE id = 5"},
    {"alice", "SELECT id, parent FROM tree ORDER BY id"},
    {"bob", "SELECT id, tree_id FROM links ORDER BY id"},
    {"alice",
     "INSERT INTO settings (name, value) VALUES ('colour', 'x') ON CONFLICT (user_id, name) DO "
     "UPDATE SET "
     "value = settings.value || excluded.value RETURNING value"},
    {"bob", "SELECT name, value FROM settings ORDER BY name"},
    {"alice", "UPDATE audited SET value = value + 1 WHERE id = 1"},
    {"alice", "INSERT INTO audited (value) VALUES (3) RETURNING id"},
    {"alice", "DELETE FROM audited WHERE id = 3"},
    {"service", "SELECT row_id, what, old_value, new_value FROM audit_log ORDER BY id"},
    {"service", "SELECT id, total FROM audited ORDER BY id"},
    {"carol", "UPDATE posts SET likes = 9"},
    {"dave", "DELETE FROM posts"},
    {"service", "SELECT count(*) FROM posts"},
};

}  // namespace

std::span<const std::string_view> error_corpus() { return kErrors; }
std::span<const std::string_view> bypass_corpus() { return kBypass; }
std::span<const Kept> kept_corpus() { return kKept; }

const std::vector<database::Statement>& parameter_corpus() {
  using database::Null;
  static const std::vector<database::Statement> kStatements{
      {"SELECT id FROM notes WHERE n > $1", {std::int64_t{5}}},
      {"SELECT id FROM notes WHERE title = $1 AND n IS NOT DISTINCT FROM $2",
       {std::string("milk"), std::int64_t{1}}},
      {"SELECT id FROM notes WHERE title = $1", {Null{}}},
      {"SELECT $1::int + 1 AS next, $2::text AS t, $1 AS again",
       {std::int64_t{41}, std::string("x")}},
      {"SELECT id FROM notes WHERE title IN ($2, $1) ORDER BY id LIMIT $3",
       {std::string("milk"), std::string("rent"), std::int64_t{1}}},
      {"SELECT id FROM notes WHERE done = $1", {true}},
      {"SELECT id FROM notes WHERE score > $1", {0.5}},
      {"WITH a AS (SELECT id FROM notes WHERE n > $2) SELECT id FROM a WHERE id < $1",
       {std::int64_t{6}, std::int64_t{0}}},
      {"INSERT INTO notes (title, body, n, done) VALUES ($1, $2, $3, $4) RETURNING title, body, n",
       {std::string("x' OR '1'='1"), Null{}, std::int64_t{3}, true}},
      {"INSERT INTO notes (title, n) VALUES ($1, $2) ON CONFLICT (user_id, title) DO UPDATE SET n "
       "= "
       "notes.n + $2 WHERE notes.n < $3 RETURNING n",
       {std::string("milk"), std::int64_t{10}, std::int64_t{100}}},
      {"UPDATE notes SET body = $2, n = $3 WHERE id = $1 RETURNING id, body || $2 AS twice",
       {std::int64_t{1}, std::string("'; DROP TABLE notes; --"), std::int64_t{9}}},
      {"DELETE FROM notes WHERE id = $1 RETURNING $2::text AS why",
       {std::int64_t{3}, std::string("old")}},
      {"SELECT id FROM notes WHERE user_id = $1", {std::string(kBob)}},
      {"SELECT $1", {}},
      {"SELECT $2::int", {std::int64_t{1}}},
  };
  return kStatements;
}

std::vector<database::Statement> whole_corpus() {
  std::vector<database::Statement> all;
  for (const auto part : {select_corpus(), insert_corpus(), update_corpus(), delete_corpus(),
                          error_corpus(), bypass_corpus()}) {
    for (const std::string_view sql : part) all.push_back({std::string(sql), {}});
  }
  all.insert(all.end(), parameter_corpus().begin(), parameter_corpus().end());
  return all;
}

}  // namespace differential
