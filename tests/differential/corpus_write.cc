#include "differential/corpus.h"

namespace differential {
namespace {

constexpr std::string_view kInsert[] = {
    "INSERT INTO notes (title) VALUES ('new')",
    "INSERT INTO notes (title, n) VALUES ('new', 1), ('newer', 2)",
    "INSERT INTO notes (title) VALUES ('new') RETURNING *",
    "INSERT INTO notes (id, title) VALUES (100, 'new') RETURNING id, title, n, done, user_id = "
    "auth.uid() AS own",
    "INSERT INTO notes (title, n) VALUES ('new', DEFAULT) RETURNING n",
    "INSERT INTO notes (title, n, done) VALUES ('a', DEFAULT, true), ('b', 3, DEFAULT) RETURNING "
    "title, n, done",
    "INSERT INTO notes (title, user_id) VALUES ('theirs', 'bbbbbbbb-0000-4000-8000-000000000002')",
    "INSERT INTO notes (title, user_id) VALUES ('theirs', 'bbbbbbbb-0000-4000-8000-000000000002') "
    "RETURNING id",
    "INSERT INTO notes (title, n) VALUES ('x', -100)",
    "INSERT INTO notes (title) VALUES ('')",
    "INSERT INTO notes (title) VALUES (NULL)",
    "INSERT INTO notes (n) VALUES (1)",
    "INSERT INTO notes (id, title) VALUES (1, 'taken')",
    "INSERT INTO inbox (recipient) VALUES (auth.uid()) RETURNING CASE WHEN true THEN 1 ELSE id END "
    "AS one",
    // The SELECT policy reads the id, which is not known before the row is there.
    "INSERT INTO teams (name, owner, budget) VALUES ('x', NULL, NULL) RETURNING id > 0 AS made",
    "INSERT INTO teams (name, owner) VALUES ('red', NULL) RETURNING id > 0 AS made",
    "INSERT INTO notes (id, title) VALUES (NULL, 'no id') RETURNING title",
    R"(INSERT INTO "Odd Table" ("order") VALUES (77) RETURNING "order")",
    "INSERT INTO notes (id, title) VALUES (4, 'x') ON CONFLICT (id) DO UPDATE SET n = 1 WHERE "
    "false",
    "INSERT INTO notes (title) VALUES ('milk')",
    "INSERT INTO notes (title, n) VALUES ('many', 9223372036854775807) RETURNING n",
    "INSERT INTO notes (title, done, n) VALUES ('visible', true, 70) RETURNING id",
    "INSERT INTO notes (title, tags) VALUES ('tagged', '{\"a\": 1}') RETURNING tags ->> 'a' AS a",
    "INSERT INTO notes (title, body) SELECT title || '!', body FROM notes",
    "INSERT INTO notes (title) SELECT name FROM products WHERE stock > 0 AND maker = 'acme'",
    "INSERT INTO notes (title) SELECT 'none' WHERE false",
    "INSERT INTO notes (title, n) SELECT 'c' || count(*), count(*) FROM notes RETURNING title, n",
    "WITH s AS (SELECT title FROM documents) INSERT INTO notes (title) SELECT title FROM s "
    "RETURNING title",
    "INSERT INTO notes (title) VALUES ('fresh') ON CONFLICT DO NOTHING",
    "INSERT INTO notes (title) VALUES ('milk') ON CONFLICT DO NOTHING",
    "INSERT INTO notes (id, title) VALUES (90, 'milk'), (91, 'fresh') ON CONFLICT (user_id, title) "
    "DO NOTHING "
    "RETURNING title",
    "INSERT INTO notes (id, title) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING",
    "INSERT INTO notes (id, title) VALUES (4, 'x') ON CONFLICT DO NOTHING RETURNING id",
    "INSERT INTO notes (title, n) VALUES ('milk', 5) ON CONFLICT (user_id, title) DO UPDATE SET n "
    "= excluded.n",
    "INSERT INTO notes (title, n) VALUES ('milk', 5) ON CONFLICT (user_id, title) DO UPDATE SET n "
    "= notes.n + "
    "excluded.n RETURNING title, n",
    "INSERT INTO notes (title, n) VALUES ('milk', 5) ON CONFLICT (user_id, title) DO UPDATE SET n "
    "= -1",
    "INSERT INTO notes (title, n) VALUES ('milk', 5) ON CONFLICT (user_id, title) DO UPDATE SET n "
    "= 8, body = "
    "excluded.title WHERE notes.n > 100 RETURNING title",
    "INSERT INTO notes AS t (id, title, n) VALUES (90, 'milk', 5), (91, 'fresh', 6) ON CONFLICT "
    "(user_id, "
    "title) DO UPDATE SET "
    "n = t.n + 1, done = DEFAULT RETURNING t.title, t.n",
    "INSERT INTO notes (title) VALUES ('twice'), ('twice') ON CONFLICT (user_id, title) DO UPDATE "
    "SET n = 1",
    "INSERT INTO notes (title) VALUES ('twice'), ('twice') ON CONFLICT (user_id, title) DO NOTHING",
    "INSERT INTO notes (title) VALUES ('milk'), ('milk') ON CONFLICT (user_id, title) DO UPDATE "
    "SET n = 1",
    "INSERT INTO notes (title) VALUES ('milk') ON CONFLICT (user_id, title) DO UPDATE SET n = "
    "(SELECT max(n) FROM "
    "notes) RETURNING n",
    "INSERT INTO teams (name) VALUES ('mine')",
    "INSERT INTO teams (name) VALUES ('mine') RETURNING name, budget",
    "INSERT INTO teams (name, owner) VALUES ('theirs', NULL)",
    "INSERT INTO teams (name) VALUES ('red')",
    "INSERT INTO teams (name) VALUES ('red') ON CONFLICT DO NOTHING",
    "INSERT INTO teams (name, budget) VALUES ('red', 1) ON CONFLICT (name) DO UPDATE SET budget = "
    "excluded.budget",
    "INSERT INTO members (team_id, user_id) VALUES (4, auth.uid())",
    "INSERT INTO members (team_id, user_id, rank) VALUES (4, auth.uid(), 'owner')",
    "INSERT INTO members (team_id, user_id, rank) VALUES (4, auth.uid(), 'king')",
    "INSERT INTO members (team_id, user_id) VALUES (99, auth.uid())",
    "INSERT INTO members (team_id, user_id) VALUES (4, auth.uid()) RETURNING team_id, rank",
    "INSERT INTO members (team_id, user_id) VALUES (1, auth.uid()) ON CONFLICT DO NOTHING",
    "INSERT INTO members (team_id, user_id) VALUES (1, auth.uid()) ON CONFLICT (team_id, user_id) "
    "DO UPDATE SET "
    "rank = 'guest'",
    "INSERT INTO documents (team_id, title) VALUES (1, 'new')",
    "INSERT INTO documents (team_id, title) VALUES (1, 'new') RETURNING title, title_length, "
    "priority, archived",
    "INSERT INTO documents (team_id, title, priority) VALUES (1, 'new', 100)",
    "INSERT INTO documents (team_id, title) VALUES (2, 'new')",
    "INSERT INTO documents (team_id) VALUES (3) RETURNING title, title_length",
    "INSERT INTO documents (team_id, archived) VALUES (1, true)",
    "INSERT INTO documents (team_id, archived, author) VALUES (1, true, "
    "'bbbbbbbb-0000-4000-8000-000000000002')",
    "INSERT INTO documents (team_id, title, title_length) VALUES (1, 'x', 9)",
    "INSERT INTO documents (team_id, title, title_length) VALUES (1, 'x', DEFAULT)",
    "INSERT INTO tree (parent, label) VALUES (1, 'new')",
    "INSERT INTO tree (id, parent, label) VALUES (50, 50, 'own parent') RETURNING *",
    "INSERT INTO tree (parent) VALUES (999)",
    "INSERT INTO tree DEFAULT VALUES",
    "INSERT INTO tree DEFAULT VALUES RETURNING parent, label",
    // References are checked when the statement ends.
    "INSERT INTO chain (id, next) VALUES (50, 51), (51, 50)",
    "INSERT INTO chain (id, next) VALUES (50, 51), (52, NULL)",
    "INSERT INTO chain (next) VALUES (4)",
    "INSERT INTO links (tree_id, url) VALUES (1, 'http://new')",
    "INSERT INTO links (tree_id, note_id) VALUES (NULL, 1)",
    "INSERT INTO links (note_id) VALUES (6)",
    "INSERT INTO links (url) VALUES ('http://a') ON CONFLICT (url) DO NOTHING",
    "INSERT INTO links (url) VALUES ('http://c') ON CONFLICT (url) DO UPDATE SET url = 'http://c2'",
    "INSERT INTO links (url) VALUES (NULL), (NULL) ON CONFLICT (url) DO UPDATE SET url = 'x'",
    "INSERT INTO settings (name, value) VALUES ('size', 'big') RETURNING name, value",
    "INSERT INTO settings (name) VALUES ('size') RETURNING value",
    "INSERT INTO settings (name, value) VALUES ('colour', 'pink') ON CONFLICT (user_id, name) DO "
    "UPDATE SET value = "
    "excluded.value RETURNING name, value",
    "INSERT INTO settings (name, value) VALUES ('locked_plan', 'pro') ON CONFLICT (user_id, name) "
    "DO UPDATE SET "
    "value = 'pro'",
    "INSERT INTO settings VALUES (auth.uid(), 'a', 'b')",
    "INSERT INTO settings VALUES (auth.uid(), 'a')",
    "INSERT INTO products (sku, name, stock) VALUES ('E-5', 'saw', 4) RETURNING *",
    "INSERT INTO products (name, maker) VALUES ('anvil', 'acme')",
    "INSERT INTO products (name, stock) VALUES ('saw', -1)",
    "INSERT INTO products (sku, name, stock) VALUES ('A-1', 'anvil two', 9) ON CONFLICT (sku) DO "
    "UPDATE SET stock = "
    "products.stock + excluded.stock RETURNING id, name, stock",
    "INSERT INTO products (sku, name, stock) VALUES ('Z-9', 'anvil', 9) ON CONFLICT (sku) DO "
    "UPDATE SET stock = 1",
    "INSERT INTO products (name, stock) VALUES ('bomb', 2) ON CONFLICT (name, maker) DO UPDATE SET "
    "stock = "
    "excluded.stock, price = excluded.price RETURNING *",
    "INSERT INTO products (name, stock) VALUES ('bomb', 2) ON CONFLICT (maker, name) DO UPDATE SET "
    "stock = 5 WHERE "
    "products.stock = 0 RETURNING stock",
    "INSERT INTO products (name, stock) VALUES ('bomb', 2) ON CONFLICT (name, maker) DO UPDATE SET "
    "stock = -5",
    "INSERT INTO posts (body) VALUES ('hi') RETURNING body, likes",
    "INSERT INTO posts (body, likes) VALUES ('hi', 1)",
    "INSERT INTO posts (id, body) VALUES (4, 'x') ON CONFLICT (id) DO UPDATE SET body = 'taken "
    "over'",
    "INSERT INTO posts (id, body) VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET body = 'taken "
    "over' RETURNING id",
    "INSERT INTO posts (author, body) VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'forged')",
    "INSERT INTO posts (author, body) VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'forged') "
    "RETURNING body",
    "INSERT INTO inbox (recipient, body) VALUES ('bbbbbbbb-0000-4000-8000-000000000002', 'psst')",
    "INSERT INTO inbox (recipient, body) VALUES ('bbbbbbbb-0000-4000-8000-000000000002', 'psst') "
    "RETURNING id",
    "INSERT INTO inbox (recipient, body) VALUES ('bbbbbbbb-0000-4000-8000-000000000002', 'psst') "
    "RETURNING 1 AS one",
    "INSERT INTO inbox (recipient, sender) VALUES (auth.uid(), NULL)",
    "INSERT INTO ballots (choice) VALUES ('maybe')",
    "INSERT INTO ballots (choice) VALUES ('maybe') RETURNING choice",
    "INSERT INTO ballots (choice) VALUES ('maybe') ON CONFLICT DO NOTHING",
    "INSERT INTO ballots (choice) VALUES ('maybe') ON CONFLICT (voter) DO NOTHING",
    "INSERT INTO vault (secret) VALUES ('x')",
    "INSERT INTO ledger (amount) VALUES (1)",
    R"(INSERT INTO "Odd Table" ("Select", "order") VALUES (10, 7) RETURNING "Select", "weird""name")",
    R"(INSERT INTO "Odd Table" ("Select", "Größe") VALUES (10, 1000))",
    R"(INSERT INTO "Odd Table" ("Select", "order") VALUES (11, 100) ON CONFLICT ("order") DO UPDATE SET "Größe" = excluded."Select")",
    "INSERT INTO audited (value) VALUES (1)",
    "INSERT INTO audited (value) VALUES (1) RETURNING value, total",
    "INSERT INTO audited (value) VALUES (500)",
    "INSERT INTO audited (id, value) VALUES (1, 77) ON CONFLICT (id) DO UPDATE SET value = "
    "excluded.value RETURNING value",
};

constexpr std::string_view kUpdate[] = {
    // A column that is named, though nothing needs its value.
    "UPDATE posts SET body = 'x' WHERE true OR body = 'a'",
    "UPDATE ballots AS b SET choice = 'x' WHERE EXISTS (SELECT 1 FROM teams WHERE false AND "
    "b.choice = 'a')",
    "UPDATE posts SET body = 'x' WHERE EXISTS (SELECT 1 FROM notes AS posts WHERE posts.id > 0)",
    "UPDATE notes SET n = 1",
    "UPDATE notes SET n = n + 1",
    "UPDATE notes SET n = n + 1 WHERE id = 1",
    "UPDATE notes SET body = 'x' WHERE id = 4",
    "UPDATE notes SET body = 'x' WHERE id = 5 RETURNING id, body",
    "UPDATE notes SET n = 5 RETURNING id, n, title",
    "UPDATE notes SET n = -1 WHERE title = 'milk'",
    "UPDATE notes SET n = NULL",
    "UPDATE notes SET n = 2.5 RETURNING id, n",
    "UPDATE notes SET n = -3.5 RETURNING id, n",
    "UPDATE notes SET n = n * 1.5 RETURNING id, n",
    "UPDATE notes SET n = score RETURNING id, n",
    "UPDATE notes SET user_id = 'bbbbbbbb-0000-4000-8000-000000000002' WHERE id = 1",
    "UPDATE notes SET user_id = auth.uid(), n = 3 WHERE title LIKE 'm%' RETURNING title",
    "UPDATE notes SET title = '' WHERE id = 1",
    "UPDATE notes SET title = NULL WHERE id < 3",
    "UPDATE notes SET title = 'bread', n = 1 WHERE title = 'milk'",
    "UPDATE notes SET title = title || '!', n = 4 WHERE n >= 0",
    "UPDATE notes SET body = DEFAULT, n = DEFAULT, done = DEFAULT RETURNING id, body, n, done",
    "UPDATE notes SET id = 101 WHERE id = 1 AND n >= 0",
    "UPDATE notes SET id = id + 100, n = 9 WHERE title <> 'milk' RETURNING id",
    "UPDATE notes SET n = (SELECT count(*) FROM notes)",
    "UPDATE notes SET n = (SELECT max(m.n) FROM notes m WHERE m.user_id = notes.user_id)",
    "UPDATE notes AS x SET n = length(x.title) WHERE x.body IS NOT NULL RETURNING x.n, x.id",
    "UPDATE notes SET n = 2, body = title, title = upper(title) WHERE id IN (1, 4, 7)",
    "UPDATE notes SET n = p.stock FROM products p WHERE p.name = 'rope' RETURNING notes.id, n",
    "UPDATE notes SET n = p.stock FROM products p WHERE p.id = notes.id AND p.stock > 0 RETURNING "
    "notes.id, p.name",
    "UPDATE notes SET n = v.x FROM (VALUES (1, 11), (4, 44)) AS v(i, x) WHERE v.i = id",
    "UPDATE notes SET (n, body) = (5, 'pair') WHERE id = 1",
    "UPDATE notes SET (n, body) = (SELECT stock, name FROM products WHERE id = 4) WHERE id = 1",
    "UPDATE notes SET n = 1 WHERE false",
    "UPDATE notes SET n = 1 WHERE user_id <> auth.uid()",
    "UPDATE notes SET n = 1 WHERE EXISTS (SELECT 1 FROM members WHERE rank = 'owner')",
    "WITH big AS (SELECT id FROM notes WHERE n > 10) UPDATE notes SET n = 10 WHERE id IN (SELECT "
    "id FROM big) "
    "RETURNING id",
    "UPDATE teams SET budget = budget + 1",
    "UPDATE teams SET budget = 0 WHERE name = 'red' RETURNING id, budget",
    "UPDATE teams SET name = 'green' WHERE id = 1",
    "UPDATE teams SET owner = NULL",
    "UPDATE teams SET id = 40 WHERE id = 4",
    "UPDATE teams SET id = 10 WHERE id = 1 RETURNING id",
    "UPDATE members SET rank = 'guest'",
    "UPDATE members SET rank = 'owner' WHERE team_id = 2",
    "UPDATE members SET team_id = 4 WHERE team_id = 3 RETURNING *",
    "UPDATE members SET team_id = 3, rank = 'guest' WHERE team_id = 2",
    "UPDATE members SET team_id = 99",
    "UPDATE documents SET secret = 'changed'",
    "UPDATE documents SET secret = 'changed' WHERE archived RETURNING id",
    "UPDATE documents SET priority = priority + 100 RETURNING id, priority",
    "UPDATE documents SET title = title || title RETURNING title_length",
    "UPDATE documents SET archived = true RETURNING id",
    "UPDATE documents SET team_id = 2 WHERE id = 1",
    "UPDATE documents SET team_id = NULL",
    "UPDATE documents SET title_length = 1",
    "UPDATE documents SET title_length = DEFAULT",
    "UPDATE tree SET parent = NULL",
    "UPDATE tree SET parent = id WHERE label = 'left'",
    "UPDATE tree SET label = (SELECT p.label FROM tree p WHERE p.id = tree.parent) RETURNING id, "
    "label",
    "UPDATE tree SET parent = 999",
    "UPDATE tree SET id = 60 WHERE id = 6",
    "UPDATE chain SET next = 4",
    "UPDATE chain SET next = NULL WHERE id < 3",
    "UPDATE chain SET id = id + 10 WHERE next IS NULL OR id = next",
    "UPDATE chain SET id = id + 10, next = next + 10",
    "UPDATE chain SET next = 99 WHERE id = 1",
    "UPDATE links SET tree_id = 1",
    "UPDATE links SET tree_id = 5",
    "UPDATE links SET tree_id = NULL, note_id = 2",
    "UPDATE links SET url = 'http://same'",
    "UPDATE links SET url = NULL RETURNING id",
    "UPDATE settings SET value = 'x'",
    "UPDATE settings SET value = name || '=' || coalesce(value, '') RETURNING *",
    "UPDATE settings SET name = 'locked_' || name",
    "UPDATE settings SET name = 'hue' WHERE name = 'colour' RETURNING user_id = auth.uid() AS own, "
    "name",
    "UPDATE settings SET user_id = 'dddddddd-0000-4000-8000-000000000004'",
    "UPDATE products SET price = price * 2 RETURNING id, price",
    "UPDATE products SET stock = stock - 1",
    "UPDATE products SET stock = stock - 1 WHERE stock > 0",
    "UPDATE products SET name = 'anvil', maker = 'zenith' WHERE id = 1",
    "UPDATE products SET sku = NULL, price = DEFAULT RETURNING *",
    "UPDATE posts SET likes = likes + 1",
    "UPDATE posts SET body = 'defaced'",
    "UPDATE posts SET body = 'defaced' WHERE true",
    "UPDATE posts SET body = 'defaced' WHERE id = 4",
    "UPDATE posts SET body = 'defaced' RETURNING id",
    "UPDATE posts SET body = 'defaced' RETURNING 1 AS one",
    "UPDATE posts SET likes = 1000 WHERE id = 1",
    "UPDATE posts SET likes = 7",
    "UPDATE posts SET published = false",
    "UPDATE posts SET published = false WHERE id = 3",
    "UPDATE posts SET author = auth.uid() WHERE published",
    "UPDATE posts SET body = (SELECT count(*)::text FROM posts)",
    "UPDATE inbox SET body = 'x'",
    "UPDATE ballots SET choice = 'maybe'",
    "UPDATE ballots SET choice = 'maybe' WHERE voter = auth.uid()",
    "UPDATE ballots SET choice = choice || '!'",
    "UPDATE ballots SET choice = 'maybe' RETURNING 1 AS one",
    "UPDATE ballots SET voter = auth.uid()",
    "UPDATE vault SET secret = 'x'",
    "UPDATE ledger SET amount = 0",
    R"(UPDATE "Odd Table" SET "Größe" = coalesce("Größe", 0) + 1 RETURNING "Select", "Größe")",
    R"(UPDATE "Odd Table" SET "weird""name" = DEFAULT, "Größe" = 2000)",
    R"(UPDATE "Odd Table" AS o SET "order" = o."Select" * 1000 WHERE o."order" > 0)",
    "UPDATE audited SET value = value + 1",
    "UPDATE audited SET value = value + 1 WHERE id = 1 RETURNING id, value",
    "UPDATE audited SET value = 500 WHERE id = 1",
    "UPDATE audited SET total = 5",
};

constexpr std::string_view kDelete[] = {
    "DELETE FROM posts WHERE true OR body = 'a'",
    "DELETE FROM inbox RETURNING CASE WHEN true THEN 1 ELSE id END AS one",
    "DELETE FROM notes",
    "DELETE FROM notes WHERE id = 3 RETURNING *",
    "DELETE FROM notes WHERE id = 8",
    "DELETE FROM notes WHERE n > 5 RETURNING id, title",
    "DELETE FROM notes WHERE title = 'secret_plan'",
    "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE n IS NULL)",
    "DELETE FROM notes AS x WHERE x.body LIKE '%b%' RETURNING x.id",
    "DELETE FROM notes WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.note_id = notes.id)",
    "DELETE FROM notes USING products p WHERE p.id = notes.id AND p.stock > 5",
    "DELETE FROM notes USING products p WHERE p.id = notes.id AND p.stock > 5 RETURNING notes.id, "
    "p.name",
    "DELETE FROM notes WHERE false RETURNING id",
    "WITH old AS (SELECT id FROM notes ORDER BY id LIMIT 1 OFFSET 2) DELETE FROM notes WHERE id IN "
    "(SELECT id FROM "
    "old) RETURNING id",
    "DELETE FROM teams",
    "DELETE FROM teams WHERE name = 'red'",
    "DELETE FROM teams WHERE name = 'black' RETURNING id",
    "DELETE FROM members",
    "DELETE FROM members WHERE rank = 'owner' RETURNING team_id",
    "DELETE FROM documents",
    "DELETE FROM documents WHERE priority > 1 RETURNING id, secret",
    "DELETE FROM tree WHERE id = 1",
    "DELETE FROM tree WHERE id = 5 RETURNING label",
    "DELETE FROM tree",
    "DELETE FROM tree WHERE parent IS NOT NULL RETURNING id",
    "DELETE FROM chain",
    "DELETE FROM chain WHERE id = 1",
    "DELETE FROM chain WHERE id IN (1, 2) RETURNING id",
    "DELETE FROM chain WHERE next IS NOT NULL",
    "DELETE FROM links",
    "DELETE FROM links WHERE url IS NULL RETURNING id",
    "DELETE FROM settings WHERE name = 'colour' RETURNING value",
    "DELETE FROM settings",
    "DELETE FROM products WHERE stock = 0 RETURNING name",
    "DELETE FROM products",
    "DELETE FROM posts",
    "DELETE FROM posts WHERE true",
    "DELETE FROM posts WHERE id = 4",
    "DELETE FROM posts RETURNING id, body",
    "DELETE FROM posts RETURNING 1 AS one",
    "DELETE FROM inbox",
    "DELETE FROM inbox WHERE body LIKE 'hi%'",
    "DELETE FROM inbox RETURNING id",
    "DELETE FROM ballots",
    "DELETE FROM ballots WHERE choice = 'yes'",
    "DELETE FROM ballots RETURNING choice",
    "DELETE FROM vault",
    "DELETE FROM ledger",
    R"(DELETE FROM "Odd Table" WHERE "order" IS NOT NULL RETURNING "Select")",
    "DELETE FROM audited",
    "DELETE FROM audited WHERE id = 1 RETURNING value",
};

}  // namespace

std::span<const std::string_view> insert_corpus() { return kInsert; }
std::span<const std::string_view> update_corpus() { return kUpdate; }
std::span<const std::string_view> delete_corpus() { return kDelete; }

}  // namespace differential
