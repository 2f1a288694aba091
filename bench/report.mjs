// All figures of one run: node bench/report.mjs BUILD [--check].
//
// Runs the servers side by side (bench/http), then every program of bench/, and writes bench/results.md, results.json
// and the charts beside it. With --check it runs only hello and read and writes nothing: it compares Roost's ratios with
// the committed ones and fails when one is lower by more than both runs' rounds differ, or missing.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { barChart } from './chart.mjs';
import { wasmtimeProgram } from './http/wasmtime_serve.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = process.argv[2];
const check = process.argv.includes('--check');

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] });
const version = (command, ...args) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim().split('\n')[0];
  } catch {
    return 'not here';
  }
};

// Before this run's own files make the tree another; the tree of src stays the same when commits are rebased.
const commit = `${version('git', 'describe', '--always', '--dirty')}, its src/ ${version('git', 'rev-parse', '--short', 'HEAD:src')}`;

// Medians of five repetitions of a google-benchmark program, in microseconds: of an iteration, of an item where one is a
// batch, of each thread where several do it at once. A benchmark of paired differences (bench/journal.cc) repeats nothing
// and says its own median.
function benchmarks(program) {
  const args = ['--benchmark_format=json', '--benchmark_repetitions=5', '--benchmark_report_aggregates_only=true'];
  const { benchmarks: found } = JSON.parse(run(`${build}/bench/${program}`, ...args));
  const failed = found.find((each) => each.error_occurred);
  if (failed) throw new Error(`${program}: ${failed.name}: ${failed.error_message}`);
  const scale = { ns: 1e-3, us: 1, ms: 1e3 };
  return found
    .filter((each) => each.aggregate_name === 'median' || each.run_type === 'iteration')
    .map((each) => {
      const row = { name: each.run_name.replace(/\/iterations:.*/, ''), label: each.label };
      if ('median_us' in each) return { ...row, us: each.median_us, least: each.least_us, greatest: each.greatest_us };
      if (each.items_per_second) return { ...row, us: 1e6 / each.items_per_second };
      return { ...row, us: each.real_time * scale[each.time_unit] * each.threads };
    });
}

function http(args) {
  const file = `${build}/bench/http.json`;
  execFileSync('node', [`${here}http/run.mjs`, build, '--json', file, ...args], { stdio: 'inherit' });
  return JSON.parse(readFileSync(file, 'utf8'));
}

const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
const fenced = (text) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;

function httpTable(rows) {
  return table(
    ['', 'connections', 'requests/s', 'ratio', 'least … greatest', 'p50 µs', 'p99 µs', 'over 2 s'],
    rows.map((row) => [row.contender, row.connections, row.perSecond, row.ratio, `${row.ratioLeast} … ${row.ratioGreatest}`, row.p50us, row.p99us, row.timeouts]),
  );
}

// The noise is what the rounds of each run say: a row moved when neither run's median is among the other's rounds.
function moved(row, old) {
  if (!row) return 'MISSING';
  if (!old) return 'NEW';
  if (row.ratio < old.ratioLeast && row.ratioGreatest < old.ratio) return 'LOWER';
  return row.ratio > old.ratioGreatest && row.ratioLeast > old.ratio ? 'HIGHER' : '';
}

// Says of each of Roost's rows, in either run, how it moved; whether none is lower or missing.
function holds(now, before) {
  const seen = (row) => (row ? `${row.ratio} (${row.ratioLeast} … ${row.ratioGreatest})` : 'none');
  let good = true;
  for (const name of ['hello', 'read']) {
    const rows = (run) =>
      new Map(run[name].filter((row) => row.contender.startsWith('Roost')).map((row) => [`${row.contender}, ${row.connections} connections`, row]));
    const [found, old] = [rows(now), rows(before)];
    for (const which of new Set([...old.keys(), ...found.keys()])) {
      const how = moved(found.get(which), old.get(which));
      console.log(`${how.padEnd(8)}${name}, ${which}: ${seen(found.get(which))}, committed: ${seen(old.get(which))}`);
      if (how === 'LOWER' || how === 'MISSING') good = false;
    }
  }
  return good;
}

if (check) process.exit(holds(http([]), JSON.parse(readFileSync(`${here}results.json`, 'utf8'))) ? 0 : 1);

function inProcessRow({ name, us, least, greatest }) {
  return [name, Number(us.toPrecision(3)), least === undefined ? '' : `${least.toFixed(2)} … ${greatest.toFixed(2)}`];
}

// Roost's costs of each pattern with croner's beside, which tests/cron/runs.mjs prints; those are not of all patterns.
function cronTable(ours, croners) {
  const theirs = new Map([...croners.matchAll(/^croner (.*): parse (\d+) ns, next (\d+) ns$/gm)].map(([, of, parse, next]) => [of, { parse, next }]));
  const cost = (work, label) => (ours.find((row) => row.name.startsWith(work) && row.label === label).us * 1e3).toFixed(0);
  return table(
    ['', 'parse, Roost', 'croner', 'next run, Roost', 'croner'],
    [...new Set(ours.map((row) => row.label))].map((label) => {
      const { parse = '', next = '' } = theirs.get(label) ?? {};
      return [`\`${label}\``, cost('parse', label), parse, cost('next', label), next];
    }),
  );
}

const served = http(['--scenario', 'coldStart', '--scenario', 'spinning', '--scenario', 'suspended', '--scenario', 'loops', '--case', 'hello', '--case', 'read']);
const inProcess = ['invoke_simple_function', 'cold_start', 'journal', 'admission'].flatMap(benchmarks);
const queries = run(`${build}/bench/guest_query`);
const triggers = run(`${build}/bench/triggers_bench`);
const cron = benchmarks('cron');
const croner = run('node', `${here}../tests/cron/runs.mjs`, 'cost');
const scenarios = ['coldStart', 'spinning', 'suspended', 'loops'].flatMap((name) => served[name]);

for (const name of ['hello', 'read']) {
  const rows = served[name].filter((row) => row.connections === 32);
  writeFileSync(`${here}${name}.svg`, barChart(`${name}: requests per second, 32 connections, one core`, rows.map((row) => [row.contender, row.perSecond])));
}
writeFileSync(`${here}results.json`, `${JSON.stringify({ hello: served.hello, read: served.read, inProcess, cron, scenarios }, null, 1)}\n`);
writeFileSync(
  `${here}results.md`,
  `# Figures of one run
Written by \`make bench\`; nothing here is by hand. ${new Date().toISOString().slice(0, 10)}, commit ${commit}.

${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, load average ${readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ')} at the end.
clang ${/\d+\.\d+\.\d+/.exec(version('clang++-19', '--version'))?.[0]}, Node ${process.version}; npm's peers as bench/http/package.json names them; wasmtime serve (scripts/bench-peers): ${version(wasmtimeProgram, '--version')}.

The machine is shared: ratios are of each round beside the first line of its table in the same round, and say more than requests per second.

## hello over HTTP
One loop on core 0, wrk on core 1, a fresh sandbox for each call, each call in the journal. \`scripts/bench-http --case hello\`

![hello](hello.svg)

${httpTable(served.hello)}

## One indexed read over HTTP
The peers read the same file with a prepared statement and no policies. \`scripts/bench-http --case read\`

![read](read.svg)

${httpTable(served.read)}

## Cold start, fairness, waiting, two loops beside one
\`node bench/http/run.mjs build/release --scenario coldStart --scenario spinning --scenario suspended --scenario loops\`

${table(['', 'value', 'unit'], scenarios.map((row) => [row.what, row.value, row.unit]))}

## In the process
\`build/release/bench/invoke_simple_function\`, \`cold_start\`, \`journal\`, \`admission\`; medians of five repetitions, of two threads or loops
what each of them takes for one. What a journal adds to a call is the median of rounds with and without one that take turns.

${table(['', 'µs', 'least … greatest'], inProcess.map(inProcessRow))}

## A guest's statement beside the same statement prepared on the file
\`build/release/bench/guest_query\`

${fenced(queries)}

## Triggers
\`build/release/bench/triggers_bench\`

${fenced(triggers)}

## Cron patterns beside croner
\`build/release/bench/cron\` and \`node tests/cron/runs.mjs cost\`, in nanoseconds

${cronTable(cron, croner)}
`,
);
console.log('bench/results.md');
