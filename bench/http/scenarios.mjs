// What is not requests per second: each scenario gives rows { what, value, unit } of one server of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Roost } from './roost.mjs';
import { ServerProcess } from './server_process.mjs';
import { median, wrk } from './wrk.mjs';

export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

async function withRoost(build, options, work) {
  const folder = mkdtempSync(join(tmpdir(), 'roost-bench-'));
  const start = () => Roost.start(build, join(folder, 'data'), options);
  try {
    const roost = await start();
    return await work(roost, async () => {
      await ServerProcess.stopAll();
      return start();
    });
  } finally {
    await ServerProcess.stopAll();
    rmSync(folder, { recursive: true });
  }
}

function post(url, agent, body = '') {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    });
    call.once('error', reject);
    call.end(body);
  });
}

// The same module with another custom section is another module (WebAssembly core, section 5.5.3).
function variantOf(module, number) {
  const name = Buffer.from(`variant-${String(number).padStart(4, '0')}`);
  return Buffer.concat([module, Buffer.from([0, name.length + 1, name.length]), name]);
}

// Milliseconds of one call of each function, one after another, on a connection that is open.
async function timeCalls(roost, names) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await post(roost.url('none'), agent);
  const times = [];
  for (const name of names) {
    const begin = process.hrtime.bigint();
    const status = await post(roost.url(name), agent);
    if (status !== 200) throw new Error(`${name} answered ${status}`);
    times.push(Number(process.hrtime.bigint() - begin) / 1e6);
  }
  agent.destroy();
  return times;
}

// The first call of each of a hundred functions after a restart. A server maps its enabled functions in the background
// from its start on, so that most of these calls find theirs mapped; those of functions that were disabled at the start,
// and are enabled since, find none: they wait for it as a call does that comes as soon as the server listens.
export function coldStart(build) {
  return withRoost(build, {}, async (roost, restart) => {
    const module = readFileSync(`${build}/examples/hello/hello.wasm`);
    const names = Array.from({ length: 100 }, (_, i) => `f${i}`);
    for (const [i, name] of names.entries()) {
      writeFileSync(join(roost.data, 'variant.wasm'), variantOf(module, i));
      roost.run('deploy', join(roost.data, 'variant.wasm'), '--name', name, '--no-verify-jwt');
    }
    const usual = await timeCalls(await restart(), names);
    for (const name of names) roost.run('disable', name);
    const again = await restart();
    for (const name of names) roost.run('enable', name);
    const unmapped = await timeCalls(again, names);
    const rows = (what, times) =>
      [0.5, 0.95, 0.99].map((share) => ({ what: `${what}, p${share * 100}`, value: quantile(times, share).toFixed(2), unit: 'ms' }));
    return [
      ...rows('first call after a restart, most mapped in the background by then', usual),
      ...rows('the same of functions not mapped yet', unmapped),
    ];
  });
}

// Until that many calls run at once, by the server's own count.
async function untilRunning(roost, calls) {
  let running = 0;
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(100)) {
    const metrics = await (await fetch(`${roost.keys.admin_url}/metrics`)).text();
    running = Number(/^admission_running (\S+)$/m.exec(metrics)[1]);
    if (running >= calls) return;
  }
  throw new Error(`${running} of ${calls} calls run`);
}

// hello while 64 guests spin on its core, beside hello alone.
export function spinning(build) {
  return withRoost(build, {}, async (roost) => {
    roost.run('deploy', `${build}/examples/hello/hello.wasm`, '--name', 'hello', '--no-verify-jwt');
    roost.run('deploy', `${build}/tests/fixtures/loop.wasm`, '--name', 'loop', '--no-verify-jwt', '--timeout', '60s');
    const contender = { name: 'hello', url: roost.url('hello'), headers: {} };
    const idle = [];
    const loaded = [];
    for (let round = 0; round < 5; ++round) idle.push((await wrk(contender, 8, 2)).p99);
    const agent = new Agent({ keepAlive: false });
    let ended = 0;
    const endless = Array.from({ length: 64 }, () => post(roost.url('loop'), agent).catch(() => 0).finally(() => ++ended));
    await untilRunning(roost, 64);
    for (let round = 0; round < 5; ++round) loaded.push((await wrk(contender, 8, 2)).p99);
    if (ended > 0) throw new Error(`${ended} of the guests that spin ended while hello was measured`);
    agent.destroy();
    await Promise.all(endless);
    return [
      { what: 'hello, p99, 8 connections, idle', value: (median(idle) / 1e3).toFixed(2), unit: 'ms' },
      { what: 'the same while 64 guests spin', value: (median(loaded) / 1e3).toFixed(2), unit: 'ms' },
      { what: 'ratio', value: (median(loaded) / median(idle)).toFixed(1), unit: '×' },
    ];
  });
}

const residentKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// Ten thousand calls that sleep: all finish, and what each holds while it does.
export function suspended(build) {
  const calls = 10_000;
  const flags = ['--limits-max-concurrency', String(calls + 100)];
  return withRoost(build, { flags }, async (roost) => {
    roost.run('deploy', `${build}/tests/fixtures/sleep.wasm`, '--name', 'sleep', '--no-verify-jwt', '--timeout', '120s');
    const agent = new Agent({ keepAlive: false, maxSockets: calls });
    await post(roost.url('sleep'), agent, '1');
    const before = residentKiB(roost.server.process.pid);
    const begun = Array.from({ length: calls }, () => post(roost.url('sleep'), agent, '30000').catch(() => 0));
    await untilRunning(roost, calls);
    const held = (residentKiB(roost.server.process.pid) - before) / calls;
    const finished = (await Promise.all(begun)).filter((status) => status === 200).length;
    agent.destroy();
    return [
      { what: 'suspended calls that finished, of 10 000', value: finished, unit: 'calls' },
      { what: 'memory of each, its connection included', value: held.toFixed(1), unit: 'KiB' },
    ];
  });
}

// Calls that compute for some milliseconds, of one loop and of two on the same two cores. Two connections may well come
// to the same loop; the other one is to help.
export async function loops(build) {
  const connections = [2, 32];
  const started = [];
  const folders = [];
  try {
    for (const loops of [1, 2]) {
      const folder = mkdtempSync(join(tmpdir(), 'roost-bench-'));
      folders.push(folder);
      const roost = await Roost.start(build, join(folder, 'data'), { loops, cores: '0,1' });
      started.push(roost);
      roost.run('deploy', `${build}/bench/compute.wasm`, '--no-verify-jwt');
    }
    const rows = [];
    for (const count of connections) {
      const seen = [[], []];
      for (let round = 0; round < 5; ++round) {
        for (const [which, roost] of started.entries()) {
          const contender = { name: `${which + 1} loops`, url: roost.url('compute'), headers: {} };
          seen[which].push((await wrk(contender, count, 2, '0,1')).perSecond);
        }
      }
      const [one, two] = seen.map(median);
      rows.push({ what: `calls that compute, ${count} connections, one loop`, value: one.toFixed(0), unit: 'requests/s' });
      rows.push({ what: 'the same, two loops', value: two.toFixed(0), unit: 'requests/s' });
      rows.push({ what: 'ratio', value: median(seen[1].map((each, round) => each / seen[0][round])).toFixed(2), unit: '×' });
    }
    return rows;
  } finally {
    await ServerProcess.stopAll();
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
}

export const scenarios = { coldStart, spinning, suspended, loops };
