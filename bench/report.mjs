// All figures of one run: node bench/report.mjs BUILD [--check].
//
// Runs every program of bench/, then the servers side by side (bench/http), and writes bench/results.md, results.json
// and the charts beside it. With --check it writes nothing: it compares the ratios of this run with the committed ones
// and fails when one is lower than the least that either run's own rounds had seen.
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

// Medians of five repetitions of a google-benchmark program, in microseconds.
function benchmarks(program) {
  const args = ['--benchmark_format=json', '--benchmark_repetitions=5', '--benchmark_report_aggregates_only=true'];
  const { benchmarks: found } = JSON.parse(run(`${build}/bench/${program}`, ...args));
  const failed = found.find((each) => each.error_occurred);
  if (failed) throw new Error(`${program}: ${failed.name}: ${failed.error_message}`);
  const scale = { ns: 1e-3, us: 1, ms: 1e3 };
  return found
    .filter((each) => each.aggregate_name === 'median')
    .map((each) => ({ name: each.run_name, us: each.real_time * scale[each.time_unit] }));
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

// Worse or better than the committed row by more than the noise of both: no round of one comes up to any of the other.
function moved(row, old) {
  if (!old) return 'NEW';
  if (row.ratioGreatest < old.ratioLeast) return 'WORSE';
  return row.ratioLeast > old.ratioGreatest ? 'BETTER' : '';
}

// The rows that are worse; says of each how it moved.
function worse(now, before) {
  const found = [];
  for (const name of ['hello', 'read']) {
    for (const row of now[name].filter((each) => each.contender.startsWith('Roost'))) {
      const old = before[name].find((each) => each.contender === row.contender && each.connections === row.connections);
      const how = moved(row, old);
      const seen = ({ ratio, ratioLeast, ratioGreatest }) => `${ratio} (${ratioLeast} … ${ratioGreatest})`;
      console.log(`${how.padEnd(7)}${name}, ${row.contender}, ${row.connections} connections: ${seen(row)}, committed: ${old ? seen(old) : 'none'}`);
      if (how === 'WORSE') found.push(row);
    }
  }
  return found;
}

if (check) {
  const found = worse(http([]), JSON.parse(readFileSync(`${here}results.json`, 'utf8')));
  process.exit(found.length ? 1 : 0);
}

const served = http(['--scenario', 'coldStart', '--scenario', 'spinning', '--scenario', 'suspended', '--scenario', 'loops', '--case', 'hello', '--case', 'read']);
const inProcess = ['invoke_simple_function', 'cold_start', 'journal', 'admission'].flatMap(benchmarks);
const queries = run(`${build}/bench/guest_query`);
const triggers = run(`${build}/bench/triggers_bench`);
const cron = run('node', `${here}../tests/cron/runs.mjs`, 'cost');
const scenarios = ['coldStart', 'spinning', 'suspended', 'loops'].flatMap((name) => served[name]);

for (const name of ['hello', 'read']) {
  const rows = served[name].filter((row) => row.connections === 32);
  writeFileSync(`${here}${name}.svg`, barChart(`${name}: requests per second, 32 connections, one core`, rows.map((row) => [row.contender, row.perSecond])));
}
writeFileSync(`${here}results.json`, `${JSON.stringify({ hello: served.hello, read: served.read, inProcess, scenarios }, null, 1)}\n`);
writeFileSync(
  `${here}results.md`,
  `# Figures of one run
Written by \`make bench\`; nothing here is by hand. ${new Date().toISOString().slice(0, 10)}, commit ${version('git', 'rev-parse', '--short', 'HEAD')}.

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
\`build/release/bench/invoke_simple_function\`, \`cold_start\`, \`journal\`, \`admission\`; medians of five repetitions

${table(['', 'µs'], inProcess.map((row) => [row.name, row.us.toFixed(2)]))}

## A guest's statement beside the same statement prepared on the file
\`build/release/bench/guest_query\`

${fenced(queries)}

## Triggers
\`build/release/bench/triggers_bench\`

${fenced(triggers)}

## Cron patterns beside croner
\`node tests/cron/runs.mjs cost\`; Roost's own are \`build/release/bench/cron\`

${fenced(cron)}
`,
);
console.log('bench/results.md');
