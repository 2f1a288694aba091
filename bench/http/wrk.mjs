// One run of wrk against one contender, on core 1 unless told.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const units = { us: 1, ms: 1e3, s: 1e6, m: 6e7 };
const microseconds = (text) => Number.parseFloat(text) * units[/[a-z]+$/.exec(text)[0]];

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Requests per second, latencies in microseconds, and how many requests waited for more than wrk's two seconds. Fails
// when an answer is not 2xx or a connection broke.
export async function wrk(contender, connections, seconds, cores = '1') {
  const headers = Object.entries(contender.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const command = ['-c', cores, 'wrk', '-t', '1', '-c', connections, '-d', `${seconds}s`, '--latency', ...headers, contender.url];
  const { stdout } = await promisify(execFile)('taskset', command.map(String));
  const [, broken, timeouts] = /Socket errors: (.*), timeout (\d+)/.exec(stdout) ?? [null, '', '0'];
  if (/Non-2xx/.test(stdout) || /[1-9]/.test(broken)) throw new Error(`${contender.name} failed under load:\n${stdout}`);
  const [, perSecond] = /Requests\/sec:\s+([\d.]+)/.exec(stdout);
  const quantile = (name) => microseconds(new RegExp(`^ +${name}%\\s+(\\S+)`, 'm').exec(stdout)[1]);
  return { perSecond: Number(perSecond), p50: quantile(50), p99: quantile(99), timeouts: Number(timeouts) };
}
