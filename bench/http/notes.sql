CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, stars INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX notes_by_owner ON notes (owner);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO notes SELECT i, 'user' || (i % 100), 'title ' || i, i % 5, printf('%.100c', 'x') FROM n;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid());
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated;
