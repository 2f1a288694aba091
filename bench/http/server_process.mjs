// A server of one contender, on core 0 unless told: started, awaited until it answers, ended by its own process id.
// Who starts some stops all in the end, also when one of them does not start.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

export class ServerProcess {
  static running = new Set();

  static async stopAll() {
    for (const server of ServerProcess.running) await server.stop();
  }

  constructor(command, { cores = '0', ...options } = {}) {
    this.output = '';
    this.process = spawn('taskset', ['-c', cores, ...command], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.output += text));
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    ServerProcess.running.add(this);
  }

  // Until `ready` gives something true; fails when the process ends or 30 s are over.
  async until(ready) {
    for (const end = Date.now() + 30_000; Date.now() < end; await pause(20)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) break;
      const value = await ready().catch(() => null);
      if (value) return value;
    }
    await this.stop();
    throw new Error(`a server did not start: ${this.process.spawnargs.join(' ')}\n${this.output}`);
  }

  async stop() {
    ServerProcess.running.delete(this);
    this.process.kill('SIGTERM');
    const killer = setTimeout(() => this.process.kill('SIGKILL'), 5000);
    await this.ended;
    clearTimeout(killer);
  }
}

// The answer's body, checked; what is measured has to be right first.
export async function get(url, headers = {}) {
  const response = await fetch(url, { headers });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body}`);
  return body;
}
