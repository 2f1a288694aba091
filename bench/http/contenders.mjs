// Who is measured: for each case the peers and Roost, each as { name, url, headers }.
//
// All of a case's servers run at once on core 0; only the one that is asked works, the others wait. The first of a
// case is what the others are compared with.
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Roost } from './roost.mjs';
import { ServerProcess, freePort, get } from './server_process.mjs';
import { nginxConfig } from './nginx.mjs';
import { wasmtimeIsThere, wasmtimeServe } from './wasmtime_serve.mjs';
import { workerdConfig } from './workerd.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const modules = `${here}node_modules`;
const deno = `${modules}/@deno/linux-x64-glibc/deno`;
const workerd = `${modules}/@cloudflare/workerd-linux-64/bin/workerd`;

async function peer(name, command, port, options) {
  const server = new ServerProcess(command, options);
  const url = `http://127.0.0.1:${port}/`;
  await server.until(() => get(url));
  return { name, url, headers: {} };
}

async function script(name, program, file, ...files) {
  const port = await freePort();
  return peer(name, [...program, `${here}${file}`, ...files, String(port)], port);
}

async function workerdPeer(name, folder, file, wasm) {
  const port = await freePort();
  copyFileSync(`${here}${file}`, `${folder}/${file}`);
  if (wasm) copyFileSync(wasm, `${folder}/bare.wasm`);
  const config = `${folder}/${file}.capnp`;
  writeFileSync(config, workerdConfig({ script: file, modules: wasm ? ['bare.wasm'] : [], port }));
  return peer(name, [workerd, 'serve', config], port);
}

async function wasmtimePeer(build, folder) {
  const port = await freePort();
  const command = wasmtimeServe({ module: `${build}/bench/wasi_hello.wasm`, folder, port });
  return peer('wasmtime serve, the smallest component', command, port);
}

async function nginx(folder) {
  const port = await freePort();
  writeFileSync(`${folder}/nginx.conf`, nginxConfig({ folder, port }));
  return peer('nginx return 200', ['/usr/sbin/nginx', '-c', `${folder}/nginx.conf`, '-e', `${folder}/nginx.log`], port);
}

function roostFunction(roost, name, label, headers = {}) {
  return { name: label, url: roost.url(name), headers };
}

async function hello(build, folder) {
  const roost = await Roost.start(build, `${folder}/data`);
  for (const [name, module] of [['hello', 'examples/hello/hello'], ['bare', 'bench/bare']]) {
    roost.run('deploy', `${build}/${module}.wasm`, '--name', name, '--no-verify-jwt');
  }
  roost.run('deploy', `${build}/examples/hello/hello.wasm`, '--name', 'guarded');
  const credential = { authorization: `Bearer ${roost.keys.anon_key}` };
  return [
    await nginx(folder),
    roostFunction(roost, 'hello', 'Roost, hello'),
    roostFunction(roost, 'guarded', 'Roost, hello behind a JWT', credential),
    roostFunction(roost, 'bare', 'Roost, the smallest module'),
    await script('Node', ['node'], 'node_hello.mjs'),
    await script('Deno', [deno, 'run', '--allow-net'], 'deno_hello.mjs'),
    await workerdPeer('workerd, JavaScript', folder, 'workerd_hello.mjs'),
    await workerdPeer('workerd, the smallest module', folder, 'workerd_wasm.mjs', `${build}/bench/bare.wasm`),
    ...(wasmtimeIsThere() ? [await wasmtimePeer(build, folder)] : []),
  ];
}

async function read(build, folder) {
  const roost = await Roost.start(build, `${folder}/data`);
  roost.run('db', 'sql', '-f', `${here}notes.sql`);
  roost.run('deploy', `${build}/bench/read.wasm`);
  const token = roost.run('token', '--sub', 'user1', '--role', 'authenticated');
  const file = `${folder}/data/data.db`;
  return [
    await script('Node with better-sqlite3', ['node'], 'node_read.mjs', file),
    roostFunction(roost, 'read', 'Roost, under RLS', { authorization: `Bearer ${token}` }),
    await script('Deno with node:sqlite', [deno, 'run', '-A'], 'deno_read.mjs', file),
  ];
}

export const cases = { hello, read };

// What every contender of a case has to answer before it is measured.
export const expected = { hello: /^\{"message":"Hello, World!"\}$/, read: /"rows":\[\{"id":\d+01,.*"count":1/ };

export function checkPeers() {
  for (const file of [deno, workerd, `${modules}/better-sqlite3/build/Release/better_sqlite3.node`]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run scripts/bench-setup`);
  }
}
