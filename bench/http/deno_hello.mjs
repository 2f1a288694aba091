// The peer: the same answer by Deno, nothing beside it. Argument: a port.
Deno.serve({ port: Number(Deno.args[0]), hostname: '127.0.0.1', onListen() {} }, () =>
  new Response(JSON.stringify({ message: 'Hello, World!' }), { headers: { 'content-type': 'application/json' } }));
