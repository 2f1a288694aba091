// Requests per second of every contender, in alternated rounds: node run.mjs BUILD [--case C]… [--connections 1,32,256]
// [--rounds 5] [--seconds 3] [--scenario S]… [--json FILE].
//
// The server is on core 0, wrk on core 1. Each round asks every contender once, in an order that rotates; figures are
// medians over the rounds, and ratios medians of each round's own ratio to the first contender of the case.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases, checkPeers, expected } from './contenders.mjs';
import { ServerProcess, get } from './server_process.mjs';
import { scenarios } from './scenarios.mjs';
import { median, wrk } from './wrk.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true },
    connections: { type: 'string', default: '1,32,256' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    scenario: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
  },
});
const build = positionals[0];
async function rounds(contenders, connections) {
  const seen = contenders.map(() => []);
  for (const contender of contenders) await wrk(contender, connections, 1);
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (let turn = 0; turn < contenders.length; ++turn) {
      const which = (round + turn) % contenders.length;
      seen[which].push(await wrk(contenders[which], connections, options.seconds));
    }
  }
  return seen;
}

// Median, and the least and greatest ratio of any one round.
function row(contender, runs, base, connections) {
  const ratios = runs.map((run, round) => run.perSecond / base[round].perSecond);
  const of = (name) => median(runs.map((run) => run[name]));
  return {
    contender: contender.name,
    connections,
    perSecond: Math.round(of('perSecond')),
    ratio: Number(median(ratios).toFixed(3)),
    ratioLeast: Number(Math.min(...ratios).toFixed(3)),
    ratioGreatest: Number(Math.max(...ratios).toFixed(3)),
    p50us: Math.round(of('p50')),
    p99us: Math.round(of('p99')),
    timeouts: runs.reduce((sum, run) => sum + run.timeouts, 0),
  };
}

async function measure(name) {
  const folder = mkdtempSync(join(tmpdir(), 'roost-bench-'));
  try {
    const contenders = await cases[name](build, folder);
    for (const contender of contenders) {
      const body = await get(contender.url, contender.headers);
      if (!expected[name].test(body)) throw new Error(`${contender.name} answers ${body}`);
    }
    const rows = [];
    for (const connections of options.connections.split(',').map(Number)) {
      const seen = await rounds(contenders, connections);
      rows.push(...contenders.map((contender, which) => row(contender, seen[which], seen[0], connections)));
    }
    return rows;
  } finally {
    await ServerProcess.stopAll();
    rmSync(folder, { recursive: true });
  }
}

checkPeers();
const results = {};
// Scenarios alone when only those are named.
const chosen = options.case ?? (options.scenario.length ? [] : Object.keys(cases));
for (const name of chosen) {
  results[name] = await measure(name);
  console.log(`${name}: requests per second, ratio to the first, latency in microseconds`);
  console.table(results[name]);
}
for (const name of options.scenario) {
  results[name] = await scenarios[name](build);
  console.log(name);
  console.table(results[name]);
}
if (options.json) {
  mkdirSync(join(options.json, '..'), { recursive: true });
  writeFileSync(options.json, JSON.stringify(results, null, 2));
}
