// Supabase's client for functions, as its package has it, against the server: "Invoking" of the
// ecosystem that functions for Supabase are written for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  FunctionRegion,
  FunctionsClient,
  FunctionsFetchError,
  FunctionsHttpError,
  FunctionsRelayError,
} from '@supabase/functions-js';
import { Server } from './server.mjs';

let server;

function client(options = {}) {
  const headers = { apikey: server.anon_key, Authorization: `Bearer ${server.anon_key}` };
  return new FunctionsClient(`${server.url}/functions/v1`, { headers, ...options });
}

const url = (path) => `${server.url}/functions/v1/${path}`;
const answer = (type, more = {}) => ({ 'x-answer-type': type, ...more });

async function succeed(invoked) {
  const { data, error, response } = await invoked;
  assert.equal(error, null, await error?.context?.text?.());
  return { data, response };
}

async function fail(invoked, type) {
  const { data, error } = await invoked;
  assert.equal(data, null);
  assert.ok(error instanceof type, `${error}`);
  return error;
}

// An error of the host: its status, and the two names that its code has.
async function expectHostError(response, status, relayCode, code) {
  assert.equal(response.status, status);
  assert.equal(response.headers.get('sb-error-code'), relayCode);
  assert.equal(response.headers.get('x-relay-error'), null);
  assert.equal((await response.json()).code, code);
}

before(async () => {
  server = await Server.start();
  for (const name of ['echo', 'mirror', 'sleep', 'panic']) server.deploy(name);
});
after(() => server.stop());

test('JSON goes both ways, and POST is the default', async () => {
  const body = { name: 'Ada', list: [1, null, 'ä'] };
  const { data } = await succeed(client().invoke('mirror', { body }));
  assert.deepEqual(data, body);
  const event = (await succeed(client().invoke('echo', { body }))).data;
  assert.equal(event.method, 'POST');
  assert.equal(event.headers['content-type'], 'application/json');
  assert.equal(event.role, 'anon');
});

test('text goes both ways', async () => {
  const { data } = await succeed(client().invoke('mirror', { body: 'grüße\n' }));
  assert.equal(data, 'grüße\n');
  const { data: html } = await succeed(
    client().invoke('mirror', { body: '<p>', headers: answer('text/html') }));
  assert.equal(html, '<p>');
});

for (const type of ['application/octet-stream', 'application/pdf']) {
  test(`bytes go both ways as ${type}`, async () => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, i) => i % 256);
    const { data } = await succeed(
      client().invoke('mirror', { body: new Blob([bytes], { type }) }));
    assert.ok(data instanceof Blob);
    assert.equal(data.type, type);
    assert.deepEqual(new Uint8Array(await data.arrayBuffer()), bytes);
  });
}

test('an ArrayBuffer is bytes without a name', async () => {
  const { data } = await succeed(
    client().invoke('mirror', { body: Uint8Array.of(0, 255, 13, 10).buffer }));
  assert.deepEqual([...new Uint8Array(await data.arrayBuffer())], [0, 255, 13, 10]);
});

test('forms go both ways, files among them', async () => {
  const body = new FormData();
  body.append('field', 'a\r\nb');
  body.append('field', 'again');
  body.append('file', new Blob([Uint8Array.of(0, 1, 255)], { type: 'image/png' }), 'a.png');
  const { data } = await succeed(client().invoke('mirror', { body }));
  assert.ok(data instanceof FormData);
  assert.deepEqual(data.getAll('field'), ['a\r\nb', 'again']);
  assert.equal(data.get('file').name, 'a.png');
  assert.equal(data.get('file').type, 'image/png');
  assert.deepEqual([...new Uint8Array(await data.get('file').arrayBuffer())], [0, 1, 255]);
});

test('an event stream is handed over as the response', async () => {
  const events = 'data: one\n\nevent: end\ndata: two\n\n';
  const { data } = await succeed(
    client().invoke('mirror', { body: events, headers: answer('text/event-stream') }));
  assert.ok(data instanceof Response);
  assert.equal(data.headers.get('content-type'), 'text/event-stream');
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of data.body) text += decoder.decode(piece, { stream: true });
  assert.equal(text, events);
});

test('every method, sub-paths and custom headers reach the function', async () => {
  for (const method of ['POST', 'GET', 'PUT', 'PATCH', 'DELETE']) {
    const { data } = await succeed(
      client().invoke('echo/a/b?x=1', { method, headers: { 'X-Custom': 'yes' } }));
    assert.equal(data.method, method);
    assert.equal(data.path, '/a/b');
    assert.deepEqual(data.query, { x: '1' });
    assert.equal(data.headers['x-custom'], 'yes');
  }
});

test('a region is accepted and changes nothing', async () => {
  const elsewhere = client({ region: FunctionRegion.UsEast1 });
  const { data } = await succeed(elsewhere.invoke('echo', { body: 'x' }));
  assert.equal(data.headers['x-region'], 'us-east-1');
  assert.equal(data.query.forceFunctionRegion, 'us-east-1');
  assert.equal(data.body, 'x');
});

test('what a function refuses is a FunctionsHttpError with the response', async () => {
  const error = await fail(
    client().invoke('mirror', { body: { why: 'no' }, headers: { 'x-answer-status': '422' } }),
    FunctionsHttpError);
  assert.equal(error.context.status, 422);
  assert.deepEqual(await error.context.json(), { why: 'no' });
});

test('x-relay-error: true is a FunctionsRelayError, and only true is', async () => {
  const invoke = (line) =>
    client().invoke('mirror', { body: 'lost', headers: { 'x-answer-header': line } });
  const error = await fail(invoke('x-relay-error: true'), FunctionsRelayError);
  assert.equal(await error.context.text(), 'lost');
  assert.equal((await succeed(invoke('x-relay-error: false'))).data, 'lost');
});

test('nobody there is a FunctionsFetchError', async () => {
  const nobody = new FunctionsClient('http://127.0.0.1:1/functions/v1');
  await fail(nobody.invoke('hello'), FunctionsFetchError);
});

test('a call can be aborted, by a signal and by the client’s timeout', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  const begin = performance.now();
  const error = await fail(
    client().invoke('sleep', { body: '8000', signal: abort.signal }), FunctionsFetchError);
  assert.equal(error.context.name, 'AbortError');
  await fail(client().invoke('sleep', { body: '8000', timeout: 100 }), FunctionsFetchError);
  assert.ok(performance.now() - begin < 5000, 'it waited for the answer');
  assert.equal((await succeed(client().invoke('mirror', { body: 'on' }))).data, 'on');
});

test('who calls is said by the key, and by the token before it', async () => {
  const invoke = (headers, name = 'open') =>
    new FunctionsClient(`${server.url}/functions/v1`, { headers }).invoke(name, { body: 'x' });
  server.deploy('echo', ['--no-verify-jwt'], 'open');
  server.deploy('echo', ['--verify-jwt'], 'closed');
  assert.equal((await succeed(invoke({}))).data.role, 'anon');
  assert.equal((await succeed(invoke({ apikey: server.anon_key }))).data.role, 'anon');
  assert.equal(
    (await succeed(invoke({ apikey: server.service_role_key }))).data.role, 'service_role');
  const token = server.roost(['token', '--sub', 'ada']).trim();
  const headers = { apikey: server.anon_key, Authorization: `Bearer ${token}` };
  for (const name of ['open', 'closed']) {
    const { data } = await succeed(invoke(headers, name));
    assert.equal(data.role, 'authenticated');
    assert.equal(data.user_id, 'ada');
  }
  const setLater = new FunctionsClient(`${server.url}/functions/v1`);
  setLater.setAuth(token);
  assert.equal((await succeed(setLater.invoke('closed'))).data.user_id, 'ada');
  const none = await fail(invoke({ apikey: server.anon_key }, 'closed'), FunctionsHttpError);
  await expectHostError(none.context, 401, 'UNAUTHORIZED_NO_AUTH_HEADER',
    'UNAUTHORIZED_NO_AUTH_HEADER');
  const bad = await fail(invoke({ Authorization: 'Bearer no.token' }, 'closed'),
    FunctionsHttpError);
  await expectHostError(bad.context, 401, 'UNAUTHORIZED_INVALID_JWT_FORMAT',
    'UNAUTHORIZED_INVALID_JWT_FORMAT');
});

test('each error of the host has the code that the ecosystem knows', async () => {
  server.deploy('spin', ['--cpu', '100ms']);
  server.deploy('allocate', ['--memory', '16MiB']);
  server.deploy('sleep', ['--timeout', '1s'], 'late');
  server.deploy('badheader');
  const cases = [
    ['nobody', '', 404, 'NOT_FOUND', 'NOT_FOUND'],
    ['panic', '', 500, 'WORKER_ERROR', 'TRAP'],
    ['badheader', 'control', 500, 'WORKER_ERROR', 'BAD_RESPONSE'],
    ['spin', '10000', 504, 'WORKER_RESOURCE_LIMIT', 'CPU_LIMIT'],
    ['allocate', '100000000', 507, 'WORKER_RESOURCE_LIMIT', 'MEMORY_LIMIT'],
    ['late', '5000', 504, 'IDLE_TIMEOUT', 'TIMEOUT'],
  ];
  for (const [name, body, ...expected] of cases) {
    const error = await fail(client().invoke(name, { body }), FunctionsHttpError);
    await expectHostError(error.context, ...expected);
  }
});

test('too many calls at once are told when to come again', async () => {
  server.deploy('sleep', ['--concurrency', '1', '--timeout', '20s'], 'narrow');
  const calls = Array.from({ length: 2 }, () => client().invoke('narrow', { body: '6500' }));
  const refused = (await Promise.all(calls)).filter(({ error }) => error !== null);
  assert.equal(refused.length, 1);
  const { context } = refused[0].error;
  assert.ok(Number(context.headers.get('retry-after')) >= 1);
  await expectHostError(context, 429, 'RATE_LIMIT_EXCEEDED', 'CONCURRENCY_LIMIT');
});

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers':
    'authorization, x-client-info, apikey, content-type, x-retry-count, x-region, traceparent, ' +
    'tracestate, baggage',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-expose-headers': 'x-relay-error, sb-error-code, x-request-id',
};

function expectCors(response) {
  for (const [name, value] of Object.entries(cors)) {
    assert.equal(response.headers.get(name), value, name);
  }
}

test('a preflight needs no token, and every answer is for browsers', async () => {
  server.deploy('echo', ['--verify-jwt'], 'closed');
  const headers = {
    Origin: 'https://app.example',
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'authorization, apikey, x-client-info',
  };
  for (const path of ['closed', 'closed/a', 'nobody']) {
    const preflight = await fetch(url(path), { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.equal(await preflight.text(), '');
    expectCors(preflight);
  }
  const { response } = await succeed(client().invoke('closed'));
  expectCors(response);
  assert.match(response.headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
  const error = await fail(client().invoke('nobody'), FunctionsHttpError);
  expectCors(error.context);
});

test('functions find the server in their environment, its secret key only where asked for', async () => {
  server.deploy('environ', ['--no-service-role']);
  server.deploy('environ', ['--service-role'], 'trusted');
  const value = async (name, variable) =>
    (await client().invoke(name, { body: variable })).data;
  for (const prefix of ['SUPABASE', 'ROOST']) {
    for (const name of ['environ', 'trusted']) {
      assert.equal(await value(name, `${prefix}_URL`), server.url);
      assert.equal(await value(name, `${prefix}_ANON_KEY`), server.anon_key);
    }
    const secret = `${prefix}_SERVICE_ROLE_KEY`;
    assert.equal(await value('trusted', secret), server.service_role_key);
    const error = await fail(client().invoke('environ', { body: secret }), FunctionsHttpError);
    assert.equal(error.context.status, 404);
  }
});
