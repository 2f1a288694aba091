// The peer: the same read by better-sqlite3, one process, no policies. Arguments: the file, a port.
import { createServer } from 'node:http';
import Database from 'better-sqlite3';
const database = new Database(process.argv[2], { readonly: true });
database.pragma('cache_size = -8000');  // the same for all: Roost's connections have it
const read = database.prepare('SELECT id, title, stars FROM notes WHERE id = ?');
createServer((request, response) => {
  const row = read.get(Math.floor(Math.random() * 1000) * 100 + 1);
  const body = JSON.stringify({ rows: [row], count: 1 });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(Number(process.argv[3]), '127.0.0.1');
