-- Who is signed in sees and changes their own todos, and nobody else's.
CREATE TABLE todos (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;
CREATE INDEX todos_by_user ON todos (user_id);

ALTER TABLE todos ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON todos TO authenticated, service_role;
CREATE POLICY own ON todos TO authenticated
  USING (user_id = auth.uid())
  WITH CHECK (user_id = auth.uid());
