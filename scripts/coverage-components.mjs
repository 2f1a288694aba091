// Coverage by component, against what each has to have: node coverage-components.mjs EXPORT.json SOURCE_FOLDER, where
// EXPORT.json is what `llvm-cov export -summary-only` writes. Fails when one has less.
import { readFileSync } from 'node:fs';

const [file, folder] = process.argv.slice(2);
const files = JSON.parse(readFileSync(file, 'utf8')).data[0].files.map(({ filename, summary }) => ({
  name: filename.replace(`${folder}/`, ''),
  summary,
}));

// Percent of lines, and of branches where they are asked for.
const components = [
  { name: 'function registry', has: /^src\/catalog\//, lines: 95 },
  { name: 'WebAssembly runtime', has: /^src\/(wasm|sandbox)\//, lines: 90 },
  { name: 'invoker', has: /^src\/invoke\//, lines: 95 },
  { name: 'scheduler', has: /^src\/triggers\/(cron|clock|schedules|zone)/, lines: 90 },
  { name: 'host functions', has: /^src\/(host\/|database\/sqlite\/guest_)/, lines: 95 },
  { name: 'triggers', has: /^src\/triggers\//, lines: 90 },
  { name: 'all of src', has: /^src\//, lines: 90, branches: 85 },
];

function percent(kind, chosen) {
  const sum = (field) => chosen.reduce((total, { summary }) => total + summary[kind][field], 0);
  return sum('count') === 0 ? 0 : (100 * sum('covered')) / sum('count');
}

let failed = false;
console.log(`${'component'.padEnd(22)}${'lines'.padStart(8)}${'asked'.padStart(8)}${'branches'.padStart(10)}${'asked'.padStart(8)}`);
for (const { name, has, lines, branches } of components) {
  const chosen = files.filter((each) => has.test(each.name));
  const seen = { lines: percent('lines', chosen), branches: percent('branches', chosen) };
  const low = seen.lines < lines || (branches !== undefined && seen.branches < branches);
  failed ||= low;
  console.log(
    name.padEnd(22) + seen.lines.toFixed(2).padStart(8) + String(lines).padStart(8) +
      seen.branches.toFixed(2).padStart(10) + String(branches ?? '').padStart(8) + (low ? '  TOO LOW' : ''),
  );
}
process.exitCode = failed ? 1 : 0;
