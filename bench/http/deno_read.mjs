// The peer: the same read by Deno's node:sqlite, one process, no policies. Arguments: the file, a port.
import { DatabaseSync } from 'node:sqlite';
const database = new DatabaseSync(Deno.args[0], { readOnly: true });
database.exec('PRAGMA cache_size = -8000');  // the same for all: Roost's connections have it
const read = database.prepare('SELECT id, title, stars FROM notes WHERE id = ?');
Deno.serve({ port: Number(Deno.args[1]), hostname: '127.0.0.1', onListen() {} }, () => {
  const row = read.get(Math.floor(Math.random() * 1000) * 100 + 1);
  return new Response(JSON.stringify({ rows: [row], count: 1 }), { headers: { 'content-type': 'application/json' } });
});
