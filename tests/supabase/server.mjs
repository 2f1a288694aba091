// `roost serve` on a folder of its own, on ports of the system's choice, until `stop`.
import { strictEqual } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = process.env.ROOST_PROGRAM;
const fixtures = process.env.ROOST_FIXTURES;

export class Server {
  #folder = mkdtempSync(join(tmpdir(), 'roost-supabase-'));
  #data = join(this.#folder, 'data');
  #process;

  static async start(flags = []) {
    const server = new Server();
    await server.#run(flags);
    Object.assign(server, JSON.parse(readFileSync(join(server.#data, 'keys.json'), 'utf8')));
    return server;
  }

  // A fixture, under its own name unless another is given.
  deploy(fixture, flags = [], name = fixture) {
    const module = join(fixtures, `${fixture}.wasm`);
    this.roost(['deploy', module, '--name', name, ...flags]);
  }

  roost(args) {
    return execFileSync(program, [...args, '--data', this.#data], { encoding: 'utf8' });
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const [code] = await ended;
    rmSync(this.#folder, { recursive: true });
    strictEqual(code, 0, 'the server ended with a failure');
  }

  async #run(flags) {
    const addresses = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
    this.#process = spawn(program, ['serve', '--data', this.#data, ...addresses, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: this.#process.stdout })) {
      if (line.startsWith('Functions on ')) break;
    }
    this.#process.stdout.resume();
  }
}
