// The load behind scripts/overload: node overload.mjs BUILD SECONDS.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [build, seconds] = [process.argv[2], Number(process.argv[3])];
const places = 32;
const roost = join(build, 'roost');
const data = mkdtempSync(join(tmpdir(), 'roost-overload-'));
const failures = [];
const check = (holds, text) => holds || failures.push(text);

// Runs `work` beside a server that is stopped after it.
async function serving(flags, work) {
  rmSync(join(data, 'keys.json'), { force: true });
  const server = spawn(roost, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0',
    ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr.on('data', (piece) => { log = (log + piece).slice(-4096); });
  const ended = new Promise((resolve) => { server.once('exit', (code, signal) => resolve(code ?? signal)); });
  try {
    await work(server, (await keysOf()).url);
  } finally {
    server.kill('SIGTERM');
    const code = await ended;
    check(code === 0, `the server ended with ${code}: ${log}`);
  }
}

async function keysOf() {
  for (let i = 0; i < 600; ++i, await sleep(50)) {
    try {
      const keys = JSON.parse(readFileSync(join(data, 'keys.json')));
      if ((await fetch(`${keys.url}/healthz`)).ok) return keys;
    } catch { /* not yet */ }
  }
  throw new Error('the server does not start');
}

const deploy = (name, ...flags) => execFileSync(roost, ['deploy', join(build, `tests/fixtures/${name}.wasm`),
  '--name', name, '--no-verify-jwt', '--data', data, ...flags]);

// One call on a connection of its own caller: status, milliseconds, Retry-After.
function call(agent, url, name, body) {
  return new Promise((resolve) => {
    const begin = performance.now();
    const request = http.request(`${url}/functions/v1/${name}`, { method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, ms: performance.now() - begin,
        after: Number(response.headers['retry-after'] ?? 0) }));
    });
    request.on('error', () => resolve({ status: 0, ms: performance.now() - begin, after: 0 }));
    request.end(body);
  });
}

// `callers` at a time until `end`; `pause` after a refusal, as long as a client in a hurry would.
async function load(url, name, body, callers, end, pause = 0) {
  const answers = [];
  await Promise.all(Array.from({ length: callers }, async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < end) {
      const answer = await call(agent, url, name, body);
      answers.push(answer);
      if (answer.status !== 200) await sleep(pause);
    }
    agent.destroy();
  }));
  return answers;
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
function latency(answers) {
  const sorted = answers.filter((a) => a.status === 200).map((a) => a.ms).sort((a, b) => a - b);
  return { count: sorted.length, p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
}
const shown = ({ count, p50, p99 }) => `${count} answers, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
const resident = (server) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`))[1]) / 1024;
const after = (s) => performance.now() + s * 1000;

async function overload(server, url) {
  const alone = latency(await load(url, 'sleep', '50', places, after(Math.min(5, seconds))));
  console.log(`overload: ${places} callers for ${places} places: ${shown(alone)}`);
  let early = 0;
  const watch = sleep(seconds * 250).then(() => { early = resident(server); });
  const end = after(seconds);
  const [busy, quiet] = await Promise.all([
    load(url, 'sleep', '50', 10 * places, end, 20), load(url, 'hello', '', 1, end, 20)]);
  await watch;
  const late = resident(server);
  const count = (status) => busy.filter((a) => a.status === status).length;
  // A minute has more of them than a call takes arguments.
  const waits = busy.filter((a) => a.status === 429).map((a) => a.after).sort((a, b) => a - b);
  console.log(`overload: ${10 * places} callers: ${shown(latency(busy))}; ${count(429)} were told to come again after`,
    `${waits[0]} to ${waits.at(-1)} s`);
  console.log(`overload: a quiet function beside them: ${shown(latency(quiet))},`,
    `${quiet.filter((a) => a.status !== 200).length} refused`);
  console.log(`overload: memory ${early.toFixed(0)} MiB after a quarter of the time, ${late.toFixed(0)} MiB at its end`);
  check(count(200) + count(429) === busy.length, 'an answer was neither 200 nor 429');
  check(count(429) > 0 && waits[0] >= 1, 'nobody was refused, or one without Retry-After');
  check(late < early + 16, 'the memory grew');
  check(quiet.every((a) => a.status === 200), 'a quiet function was refused');
  // Who is let in waits behind at most four times the places: five times as long as alone. Twice that for the half of
  // them, and for all but one in a hundred what a machine that is shared may add; one that is forgotten in the queue is
  // refused after limits.max_queue_wait, a hundred times as long.
  const { p50, p99 } = latency(busy);
  check(p50 < 10 * alone.p50, 'those that were let in waited too long');
  check(p99 < 30 * alone.p99, `some that were let in waited far too long: p99 ${p99.toFixed(1)} ms, alone ${alone.p99.toFixed(1)}`);
}

// What spins ends by itself or by its timeout, what fills only by its timeout; any other answer is not the load meant.
const statuses = { spin: [200, 504], fill: [504] };

async function beside(url, name, spinners, fillers) {
  const end = after(10);
  const noise = [];
  const make = async (fixture, ...how) => {
    const others = (await load(url, fixture, ...how)).map((a) => a.status).filter((status) => !statuses[fixture].includes(status));
    check(others.length === 0, `${name}: ${fixture} answered ${[...new Set(others)]}`);
  };
  if (spinners > 0) noise.push(make('spin', '500', spinners, end));
  if (fillers > 0) noise.push(make('fill', '480', fillers, end, 20));
  await sleep(2000);
  const answers = await load(url, 'hello', '', 1, end);
  const hello = latency(answers);
  await Promise.all(noise);
  console.log(`overload: hello ${name}: ${shown(hello)}`);
  check(hello.count > 0 && hello.count === answers.length, `${name}: hello was not answered, or not with 200`);
  return hello;
}

try {
  await serving(['--limits-max-concurrency', `${places}`], async (server, url) => {
    for (const name of ['hello', 'sleep', 'spin']) deploy(name);
    deploy('fill', '--memory', '512MiB', '--timeout', '3s');
    await overload(server, url);
  });
  await serving([], async (server, url) => {
    const alone = await beside(url, 'alone', 0, 0);
    const besides = [
      await beside(url, 'beside one that fills 480 MiB', 0, 1),
      await beside(url, 'beside 64 that spin', 64, 0),
      await beside(url, 'beside 64 that spin and one that fills', 64, 1),
    ];
    // Wide, for a machine that is shared; without fairness it would be seconds.
    const most = Math.max(50, 50 * alone.p99);
    const worst = Math.max(...besides.map(({ p99 }) => p99));
    check(worst <= most, `hello's p99 beside others is ${worst.toFixed(1)} ms, more than ${most.toFixed(1)}`);
    check((await fetch(`${url}/healthz`)).ok, 'the server is not well');
  });
} finally {
  rmSync(data, { recursive: true, force: true });
}
for (const failure of failures) console.error(`overload: ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
