// A workerd configuration for one worker, as text.
export function workerdConfig({ script, modules = [], port }) {
  const embedded = modules.map((name) => `(name = "${name}", wasm = embed "${name}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
const worker :Workerd.Worker = (
  modules = [${[`(name = "main", esModule = embed "${script}")`, ...embedded].join(', ')}],
  compatibilityDate = "2026-11-01");
`;
}
