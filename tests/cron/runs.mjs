// Answers by croner: each line of standard input is `zone, after, count, pattern` with tabs between,
// each line of the output the runs as seconds since 1970, `none` where they end, or `error`.
// With `cost` as its argument it prints what parsing and the next run cost instead.
import { readFileSync } from 'node:fs';
import { Cron } from 'croner';

// "no-wildcard" is Roost's rule too: lists and ranges of times are wall-clock times.
const options = (timezone) => ({ timezone, paused: true, fixedTimeRule: 'no-wildcard' });

function runs(zone, after, count, pattern) {
  let cron;
  try {
    cron = new Cron(pattern, options(zone));
  } catch {
    return 'error';
  }
  const found = [];
  let at = new Date(after * 1000);
  while (found.length < count) {
    at = cron.nextRun(at);
    if (at === null) return [...found, 'none'].join(' ');
    found.push(at.getTime() / 1000);
  }
  return found.join(' ');
}

function nanoseconds(times, work) {
  for (let i = 0; i < times / 10; ++i) work(i);
  const begin = process.hrtime.bigint();
  for (let i = 0; i < times; ++i) work(i);
  return Math.round(Number(process.hrtime.bigint() - begin) / times);
}

function cost(pattern, zone) {
  const cron = new Cron(pattern, options(zone));
  const begin = Date.UTC(2026, 0, 1);
  const parse = nanoseconds(2000, () => new Cron(pattern, options(zone)));
  const next = nanoseconds(2000, (i) => cron.nextRun(new Date(begin + i * 3_600_000)));
  console.log(`croner ${pattern} ${zone}: parse ${parse} ns, next ${next} ns`);
}

if (process.argv[2] === 'cost') {
  for (const pattern of ['* * * * *', '0 3 * * MON-FRI', '0 0 29 2 *']) {
    for (const zone of ['UTC', 'Europe/Berlin']) cost(pattern, zone);
  }
} else {
  const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const [zone, after, count, pattern] = line.split('\t');
    process.stdout.write(runs(zone, Number(after), Number(count), pattern) + '\n');
  }
}
