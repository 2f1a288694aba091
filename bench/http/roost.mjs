// Roost as a contender: a server on core 0 with one loop, unless told, its data in a folder of its own.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { ServerProcess } from './server_process.mjs';

export class Roost {
  static async start(build, data, { loops = 1, flags = [], cores = '0' } = {}) {
    const roost = new Roost();
    roost.program = `${build}/roost`;
    roost.data = data;
    rmSync(`${data}/keys.json`, { force: true });  // the one to come has this run's addresses
    const addresses = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
    roost.server = new ServerProcess([roost.program, 'serve', '--data', data, '--loops', String(loops), ...addresses, ...flags], { cores });
    roost.keys = await roost.server.until(async () => JSON.parse(readFileSync(`${data}/keys.json`, 'utf8')));
    await roost.server.until(async () => (await fetch(`${roost.keys.url}/readyz`)).ok);
    return roost;
  }

  run(...command) {
    return execFileSync(this.program, [...command, '--data', this.data], { encoding: 'utf8' }).trim();
  }

  url(name) {
    return `${this.keys.url}/functions/v1/${name}`;
  }

  stop() {
    return this.server.stop();
  }
}
