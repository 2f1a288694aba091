#include "differential/corpus.h"

namespace differential {
namespace {

constexpr std::string_view kSelect[] = {
    // Every table, and what of it is there.
    "SELECT * FROM notes",
    "SELECT * FROM teams",
    "SELECT * FROM members",
    "SELECT * FROM documents",
    "SELECT * FROM tree",
    "SELECT * FROM links",
    "SELECT * FROM settings",
    "SELECT * FROM products",
    "SELECT * FROM posts",
    "SELECT * FROM inbox",
    "SELECT * FROM vault",
    R"(SELECT * FROM "Odd Table")",
    "SELECT * FROM audited",
    "SELECT count(*) FROM notes",
    "SELECT count(*) FROM documents",
    "SELECT count(body), count(DISTINCT n), sum(n), min(score), max(title) FROM notes",
    "SELECT avg(n) AS mean, avg(score) AS score FROM notes",
    // Characters that no text may hold.
    "SELECT chr(65) || chr(233) || chr(128512) AS letters",
    "SELECT chr(0)",
    "SELECT chr(-1)",
    "SELECT chr(55296)",
    "SELECT chr(1114112)",
    R"(SELECT '{"t":"a\u0000b"}'::json ->> 't')",
    // Conditions, NULLs.
    "SELECT id FROM notes WHERE n > 5",
    "SELECT id FROM notes WHERE n IS NULL OR body IS NULL",
    "SELECT id FROM notes WHERE n = NULL",
    "SELECT id FROM notes WHERE NOT (n > 5)",
    "SELECT id FROM notes WHERE n IS DISTINCT FROM 7",
    "SELECT id FROM notes WHERE n IS NOT DISTINCT FROM NULL",
    "SELECT id FROM notes WHERE n BETWEEN 0 AND 20 AND title <> 'milk'",
    "SELECT id FROM notes WHERE n NOT BETWEEN 0 AND 20",
    "SELECT id FROM notes WHERE n IN (1, 7, NULL)",
    "SELECT id FROM notes WHERE n NOT IN (1, 7)",
    "SELECT id FROM notes WHERE n NOT IN (1, NULL)",
    "SELECT id FROM notes WHERE done",
    "SELECT id FROM notes WHERE NOT done AND score IS NOT NULL",
    "SELECT id FROM notes WHERE done IS TRUE OR (n > 5) IS UNKNOWN",
    "SELECT id FROM notes WHERE done = true AND title >= 'b'",
    "SELECT id FROM notes WHERE (n, title) = (7, 'pear')",
    "SELECT id, n + 1 AS more, n * 2 - 3, -n, n % 3, n / 2 FROM notes",
    "SELECT id, score / 2, score * n, score - 0.5 FROM notes",
    "SELECT 7 / 2 AS a, -7 / 2 AS b, 7 % -3 AS c, -7 % 3 AS d, 7.0 / 2 AS e, 2 ^ 3 AS f",
    "SELECT 1 = 1 AS yes, 1 > 2 AS no, NULL AND false AS f, NULL OR true AS t, NOT NULL::boolean "
    "AS n",
    "SELECT 'a' || 'b' AS ab, 'a' || NULL AS none, title || '!' FROM notes WHERE id = 1",
    "SELECT id FROM notes WHERE title = 'milk'",
    "SELECT id FROM notes WHERE title = 'MILK'",
    "SELECT id, title < 'b' AS small FROM notes",
    // LIKE.
    "SELECT id FROM notes WHERE title LIKE 'm%'",
    "SELECT id FROM notes WHERE title LIKE 'M%'",
    "SELECT id FROM notes WHERE title ILIKE 'M%'",
    "SELECT id FROM notes WHERE body NOT LIKE '%i%'",
    R"(SELECT id FROM notes WHERE body LIKE '%\%%')",
    R"(SELECT id FROM notes WHERE title LIKE '%\_%')",
    "SELECT id FROM notes WHERE body LIKE '%#%%' ESCAPE '#'",
    "SELECT id FROM notes WHERE body LIKE 'a_b_c'",
    "SELECT id FROM notes WHERE body LIKE ''",
    "SELECT id FROM notes WHERE body LIKE NULL",
    "SELECT id FROM notes WHERE title ~~ '%l%'",
    // CASE, COALESCE and their like.
    "SELECT id, CASE WHEN n > 10 THEN 'much' WHEN n > 0 THEN 'some' ELSE 'none' END AS how FROM "
    "notes",
    "SELECT id, CASE n WHEN 7 THEN 'seven' WHEN NULL THEN 'null' END FROM notes",
    "SELECT id, coalesce(body, title, 'x'), nullif(n, 7), greatest(n, 5), least(n, score, 3) FROM "
    "notes",
    "SELECT id, n IS NULL AS missing, done AND n > 5 AS both FROM notes",
    // Functions.
    "SELECT id, upper(title), lower(title), length(title), length(body) FROM notes",
    "SELECT id, substr(title, 2, 2), substring(title from 2), left(title, 2), right(title, 2) FROM "
    "notes",
    "SELECT id, trim(body), ltrim(title, 'm'), rtrim(title, 'k'), replace(title, 'i', 'oo') FROM "
    "notes",
    "SELECT id, strpos(title, 'e'), position('e' in title), lpad(title, 6, '*'), rpad(title, 2) "
    "FROM notes",
    "SELECT split_part('a,b,c', ',', 2) AS b, split_part('a,b,c', ',', -1) AS c, repeat('ab', 3), "
    "reverse('abc'), initcap('hi there'), concat('a', NULL, 1, true), concat_ws('-', 'a', NULL, "
    "'b')",
    "SELECT abs(-5), abs(-2.5), sign(-3), round(2.5), round(-2.5), round(2.345, 2), trunc(-2.7), "
    "ceil(-2.1), "
    "floor(-2.1), power(2, 10), sqrt(16), mod(7, 3)",
    "SELECT round(score) AS r, ceil(score) AS c, floor(score) AS f, trunc(score) AS t FROM notes",
    "SELECT auth.uid(), auth.role()",
    "SELECT auth.uid() IS NULL AS nobody, auth.jwt() ->> 'role' AS role",
    "SELECT auth.jwt() -> 'app_metadata' ->> 'role' AS r, auth.jwt() -> 'app_metadata' ->> 'level' "
    "AS l",
    "SELECT id FROM notes WHERE user_id = auth.uid()",
    "SELECT count(*) FROM notes WHERE user_id <> auth.uid()",
    // Casts.
    "SELECT '12'::int AS a, 12::text AS b, '1.5'::float8 AS c, 3.7::int AS d, true::int AS e, "
    "1::boolean AS f",
    "SELECT done::text AS d FROM notes WHERE id = 2",
    "SELECT CAST(n AS text) || 'x' AS t, n::float8 / 2 AS half, score::int AS whole, (n > 5)::text "
    "AS larger FROM notes",
    "SELECT 2.5::int AS a, 3.5::int AS b, (-2.5)::int AS c, '  7 '::int AS d, 'yes'::boolean AS e",
    "SELECT id::text || title AS t FROM notes WHERE id::text = '1'",
    "SELECT user_id::text AS u FROM notes WHERE user_id::text LIKE 'a%'",
    // JSON.
    "SELECT id, tags ->> 'shop' AS shop FROM notes",
    "SELECT id, tags -> 'items' -> 1 AS second, tags -> 'items' ->> 0 AS first FROM notes WHERE id "
    "= 1",
    "SELECT id, tags FROM notes WHERE tags ->> 'shop' = 'corner'",
    "SELECT id FROM notes WHERE tags ->> 'shop' IS NULL",
    // Order, with NULLs where PostgreSQL has them.
    "SELECT id, n FROM notes ORDER BY n, id",
    "SELECT id, n FROM notes ORDER BY n DESC, id DESC",
    "SELECT id, n FROM notes ORDER BY n NULLS FIRST, id",
    "SELECT id, n FROM notes ORDER BY n DESC NULLS LAST, id",
    "SELECT id, title FROM notes ORDER BY title, id",
    "SELECT title AS t FROM notes ORDER BY t DESC, id",
    "SELECT id, title FROM notes ORDER BY 2, 1",
    "SELECT id, n FROM notes ORDER BY n + 0 DESC, id",
    "SELECT id, score FROM notes ORDER BY score IS NULL, score DESC, id",
    "SELECT id FROM notes ORDER BY done DESC, lower(title), id",
    "SELECT id FROM notes ORDER BY id LIMIT 2",
    "SELECT id FROM notes ORDER BY id LIMIT 2 OFFSET 1",
    "SELECT id FROM notes ORDER BY n DESC NULLS LAST, id LIMIT 1",
    "SELECT id FROM notes ORDER BY id OFFSET 2",
    "SELECT id FROM notes ORDER BY id FETCH FIRST 2 ROWS ONLY",
    "SELECT id FROM notes ORDER BY id LIMIT 0",
    "SELECT id FROM notes ORDER BY id LIMIT ALL",
    // Groups.
    "SELECT done, count(*) FROM notes GROUP BY done",
    "SELECT n, count(*) AS c FROM notes GROUP BY n HAVING count(*) > 1",
    "SELECT user_id, sum(n), max(score) FROM notes GROUP BY user_id ORDER BY user_id",
    "SELECT length(title) AS l, count(*) FROM notes GROUP BY l ORDER BY l",
    "SELECT length(title), count(*) FROM notes GROUP BY 1",
    "SELECT n + 1 AS m, count(*) FROM notes GROUP BY n + 1",
    "SELECT coalesce(n, 0) + 1 AS m, count(*) FROM notes GROUP BY coalesce(n, 0) HAVING "
    "coalesce(n, 0) > 1",
    "SELECT n + 2 AS m, count(*) FROM notes GROUP BY n + 1",
    "SELECT upper(title) AS t, count(*) FROM notes GROUP BY lower(title)",
    "SELECT count(*) FILTER (WHERE done) AS done, count(*) FILTER (WHERE n > 5) AS big FROM notes",
    "SELECT string_agg(title, ', ' ORDER BY title, id) AS all_titles FROM notes",
    "SELECT sum(n), min(n), avg(n), count(n) FROM notes WHERE id > 1000",
    "SELECT max(n) FROM notes HAVING count(*) > 2",
    "SELECT bool_and(done) AS every, bool_or(done) AS some FROM notes",
    "SELECT count(DISTINCT title), count(DISTINCT user_id) FROM notes",
    "SELECT DISTINCT title FROM notes",
    "SELECT DISTINCT done, n > 5 AS big FROM notes",
    "SELECT DISTINCT ON (user_id) user_id, id FROM notes ORDER BY user_id, id",
    // Joins.
    "SELECT t.name, m.rank FROM teams t JOIN members m ON m.team_id = t.id",
    "SELECT t.id, m.user_id FROM teams t LEFT JOIN members m ON m.team_id = t.id AND m.rank = "
    "'owner'",
    "SELECT d.title, t.name FROM documents d LEFT JOIN teams t ON t.id = d.team_id",
    "SELECT d.title, t.name FROM teams t RIGHT JOIN documents d ON t.id = d.team_id",
    "SELECT d.title, t.name FROM documents d FULL JOIN teams t ON t.id = d.team_id",
    "SELECT count(*) FROM notes CROSS JOIN products",
    "SELECT a.id, b.id AS other FROM notes a, notes b WHERE a.n < b.n",
    "SELECT a.id, b.id AS other FROM notes a JOIN notes b USING (title) WHERE a.id <> b.id",
    "SELECT * FROM members JOIN teams ON teams.id = members.team_id",
    "SELECT team_id, name FROM members NATURAL JOIN (SELECT id AS team_id, name FROM teams) t",
    "SELECT p.label, c.label AS child FROM tree p JOIN tree c ON c.parent = p.id",
    "SELECT l.id, t.label, n.title FROM links l LEFT JOIN tree t ON t.id = l.tree_id LEFT JOIN "
    "notes n ON n.id = "
    "l.note_id",
    "SELECT p.name FROM products p JOIN products q ON p.name = q.name AND p.maker <> q.maker",
    "SELECT n.id, s.value FROM notes n JOIN settings s ON s.user_id = n.user_id AND s.name = "
    "'colour'",
    "SELECT a.id FROM documents a JOIN documents b ON a.priority = b.title_length",
    "SELECT n.title, x.y FROM notes n, LATERAL (SELECT n.n + 1 AS y) x",
    // Sub-queries.
    "SELECT id FROM notes WHERE n = (SELECT max(n) FROM notes)",
    "SELECT id, (SELECT count(*) FROM notes b WHERE b.n < a.n) AS below FROM notes a",
    "SELECT name FROM teams WHERE id IN (SELECT team_id FROM members)",
    "SELECT name FROM teams WHERE id NOT IN (SELECT team_id FROM documents WHERE team_id IS NOT "
    "NULL)",
    "SELECT name FROM teams t WHERE EXISTS (SELECT 1 FROM documents d WHERE d.team_id = t.id)",
    "SELECT name FROM teams t WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.team_id = t.id)",
    "SELECT title FROM notes WHERE title IN (SELECT title FROM documents UNION SELECT 'milk')",
    "SELECT x.c FROM (SELECT count(*) AS c FROM notes) x",
    "SELECT id FROM notes WHERE n > ALL (SELECT stock FROM products WHERE stock < 5)",
    "SELECT id FROM notes WHERE n = ANY (SELECT stock FROM products)",
    "SELECT id FROM notes WHERE (n, done) IN (SELECT stock, true FROM products)",
    "SELECT (SELECT title FROM notes WHERE id = 1) AS title",
    "SELECT id FROM notes WHERE id IN (SELECT note_id FROM links)",
    "SELECT id FROM products WHERE stock IN (SELECT id FROM notes WHERE id > 100)",
    "SELECT id FROM products WHERE stock NOT IN (SELECT id FROM notes WHERE id > 100)",
    // WITH.
    "WITH mine AS (SELECT * FROM notes WHERE user_id = auth.uid()) SELECT id FROM mine WHERE n > 0",
    "WITH a AS (SELECT id FROM notes), b AS (SELECT id FROM a WHERE id > 2) SELECT count(*) FROM b",
    "WITH a(x, y) AS (SELECT id, n FROM notes) SELECT x FROM a WHERE y IS NOT NULL",
    "WITH notes AS (SELECT 1 AS id) SELECT * FROM notes",
    "WITH teams AS (SELECT * FROM notes) SELECT title FROM teams",
    "WITH members AS (SELECT 1 AS team_id, auth.uid() AS user_id) SELECT id FROM documents",
    "WITH RECURSIVE up AS (SELECT id, parent, 0 AS depth FROM tree WHERE parent IS NULL UNION ALL "
    "SELECT t.id, "
    "t.parent, up.depth + 1 FROM tree t JOIN up ON t.parent = up.id) SELECT * FROM up",
    "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 5) SELECT n "
    "FROM count",
    "WITH a AS MATERIALIZED (SELECT * FROM notes) SELECT count(*) FROM a",
    "WITH v(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT a, b FROM v",
    // Sets.
    "SELECT title FROM notes UNION SELECT title FROM documents",
    "SELECT title FROM notes UNION ALL SELECT title FROM documents",
    "SELECT title FROM notes INTERSECT SELECT 'milk'",
    "SELECT title FROM notes EXCEPT SELECT title FROM notes WHERE done",
    "SELECT id, title FROM notes UNION SELECT id, title FROM documents ORDER BY title, id",
    "SELECT n FROM notes UNION ALL SELECT NULL ORDER BY n NULLS FIRST",
    "SELECT title FROM notes UNION (SELECT title FROM documents EXCEPT SELECT 'plan')",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v(n, t)",
    "TABLE products",
    // Windows.
    "SELECT id, row_number() OVER (ORDER BY id) AS r FROM notes",
    "SELECT id, rank() OVER (ORDER BY n NULLS LAST) AS r FROM notes",
    "SELECT id, sum(n) OVER (PARTITION BY user_id ORDER BY id) AS running FROM notes",
    "SELECT id, lag(title) OVER (ORDER BY id) AS before, lead(n, 1, 0) OVER (ORDER BY id) AS after "
    "FROM notes",
    "SELECT id, count(*) OVER () AS total FROM notes",
    "SELECT id, first_value(title) OVER w, ntile(2) OVER w FROM notes WINDOW w AS (ORDER BY id)",
    "SELECT id, sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two FROM "
    "notes",
    // Names.
    R"(SELECT "Select", "weird""name", "Größe" FROM "Odd Table" WHERE "order" > 50)",
    R"(SELECT o."Select" AS "a ""b""", o.* FROM "Odd Table" o ORDER BY o."order" NULLS FIRST, 1)",
    R"(SELECT "Odd Table"."user id" FROM "Odd Table" GROUP BY "user id")",
    "SELECT public.notes.id FROM public.notes",
    "SELECT NOTES.ID FROM Notes",
    "SELECT id AS \"Id\", title AS \"Title\" FROM notes",
    "SELECT 1, 'a', NULL, true",
    "SELECT count(*), max(id), upper('x'), 1 + 1, id::text, coalesce(1, 2) FROM notes GROUP BY id",
    // Text constants.
    R"(SELECT 'it''s' AS a, E'tab\there' AS b, $$dollar$$ AS c, '' AS d)",
    "SELECT title FROM notes WHERE title = 'ünï'",
    "SELECT length('größe') AS l, upper('straße') AS u, substr('größe', 3, 1) AS s",
};

}  // namespace

std::span<const std::string_view> select_corpus() { return kSelect; }

}  // namespace differential
