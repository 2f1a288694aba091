// The peer: the same answer by Node, nothing beside it. Argument: a port.
import { createServer } from 'node:http';
const body = JSON.stringify({ message: 'Hello, World!' });
createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');
