// The peer `wasmtime serve`, where scripts/bench-peers has installed it: its command for a component made of a core module.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';

const peers = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/roost/bench-peers`;
export const wasmtimeProgram = `${peers}/bin/wasmtime`;

export const wasmtimeIsThere = () => existsSync(wasmtimeProgram) && existsSync(`${peers}/wit`);

export function wasmtimeServe({ module, folder, port }) {
  const tools = (...args) => execFileSync(`${peers}/bin/wasm-tools`, ['component', ...args], { stdio: 'pipe' });
  const component = `${folder}/hello.component.wasm`;
  tools('embed', '--world', 'bindings', `${peers}/wit`, module, '-o', `${folder}/hello.embedded.wasm`);
  tools('new', `${folder}/hello.embedded.wasm`, '-o', component);
  return [wasmtimeProgram, 'serve', '--addr', `127.0.0.1:${port}`, '-O', 'pooling-allocator=y', component];
}
