// Breaks the code in one place at a time and counts what no test notices: node scripts/mutate.mjs [ROOM…].
//
// Conditions are flipped and calls dropped on lines drawn at random (MUTANTS per room, 20 unless told; SEED, 1 unless
// told, so that a run can be repeated). Works on a copy of the committed source; a mutant that does not compile is
// replaced by another one. Not in CI: 20 mutants take 10 to 30 minutes a room on 2 cores.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

// The programs whose tests are to notice, the quickest first.
const programs = {
  auth: ['src/auth_test'],
  sandbox: ['src/sandbox_test', 'src/invoke_test'],
  invoke: ['src/invoke_test', 'src/http_test'],
  database: ['src/database_test', 'tests/differential/attack_test', 'tests/differential/hostile_test'],
  triggers: ['src/triggers_test'],
};

const rooms = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(programs);
const count = Number(process.env.MUTANTS ?? 20);
let state = Number(process.env.SEED ?? 1) >>> 0;

// Mulberry32: small, and the same everywhere.
function draw(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

// What can be done to one line; each gives the line broken, or the line itself where it does not fit.
const operators = [
  ['negated', (line) => line.replace(/\b(if|while) \((?!.*;\s*!)([^;]*)\)( \{?|;| .*;)$/, '$1 (!($2))$3')],
  ['and/or', (line) => line.replace(/&& |\|\| /, (found) => (found === '&& ' ? '|| ' : '&& '))],
  ['equality', (line) => line.replace(/ (==|!=) /, (found) => (found === ' == ' ? ' != ' : ' == '))],
  ['bound', (line) => line.replace(/ (<=|>=|<|>) /, (found) => ({ ' < ': ' <= ', ' <= ': ' < ', ' > ': ' >= ', ' >= ': ' > ' })[found])],
  ['off by one', (line) => line.replace(/ \+ 1\b/, ' + 2')],
  ['truth', (line) => line.replace(/\breturn (true|false);/, (_, word) => `return ${word === 'true' ? 'false' : 'true'};`)],
  ['dropped', (line) => line.replace(/^(\s+)(?!return|co_|throw|delete|break)[a-z_][\w.>:-]*\([^;]*\);$/, '$1;')],
];

function mutantsOf(copy, room) {
  const files = execFileSync('git', ['ls-files', `src/${room}/*.cc`], { encoding: 'utf8' }).trim().split('\n');
  const mutants = [];
  for (const file of files.filter((name) => !name.endsWith('test.cc'))) {
    readFileSync(join(copy, file), 'utf8').split('\n').forEach((line, at) => {
      if (/^\s*(\/\/|#)|template|static_assert/.test(line)) return;
      for (const [kind, change] of operators) {
        const changed = change(line);
        if (changed !== line) mutants.push({ file, at, kind, line, changed });
      }
    });
  }
  return mutants;
}

const copy = mkdtempSync(join(tmpdir(), 'roost-mutate-'));
const build = join(copy, 'build/mutants');
// Relative names, so that another copy finds the compiler's results again.
const env = { ...process.env, CCACHE_BASEDIR: copy, CCACHE_NOHASHDIR: '1' };

function run(command, args, timeout) {
  return spawnSync(command, args, { cwd: copy, env, encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
}
const compiles = (room) =>
  run('ninja', ['-C', build, '-j', String(availableParallelism()), ...programs[room].map((path) => path.split('/').pop())]).status === 0;

// The first test that fails; nothing when all pass.
function killer(room) {
  for (const program of programs[room]) {
    const { status, stdout } = run('timeout', ['-s', 'KILL', '180', join(build, program), '--gtest_fail_fast']);
    if (status !== 0) return /^\[  FAILED  \] ([\w/.]+)/m.exec(stdout)?.[1] ?? `${program} died or hung`;
  }
  return null;
}

function tryOne(room, mutant) {
  const path = join(copy, mutant.file);
  const original = readFileSync(path, 'utf8');
  const lines = original.split('\n');
  lines[mutant.at] = mutant.changed;
  writeFileSync(path, lines.join('\n'));
  try {
    if (!compiles(room)) return 'does not compile';
    return killer(room) ?? 'SURVIVES';
  } finally {
    writeFileSync(path, original);
  }
}

function mutate(room) {
  if (!compiles(room) || killer(room)) throw new Error(`${room}: its tests fail without a mutant; mend that first`);
  const mutants = mutantsOf(copy, room);
  const survivors = [];
  let tried = 0;
  while (tried < count && mutants.length) {
    const [mutant] = mutants.splice(draw(mutants.length), 1);
    const end = tryOne(room, mutant);
    if (end === 'does not compile') continue;
    tried += 1;
    const where = `${mutant.file}:${mutant.at + 1} ${mutant.kind}: ${mutant.line.trim()}`;
    console.log(end === 'SURVIVES' ? `  SURVIVES  ${where}` : `  killed    ${where}  by ${end}`);
    if (end === 'SURVIVES') survivors.push(where);
  }
  return { room, mutants: tried, survived: survivors.length };
}

try {
  execFileSync('sh', ['-c', `git archive HEAD | tar -x -C ${copy}`]);
  const configured = run('cmake', ['--preset', 'release', '-B', build, '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1']);
  if (configured.status !== 0) throw new Error(configured.stderr);
  const results = [];
  for (const room of rooms) {
    if (!programs[room]) throw new Error(`there is no room ${room} here: ${Object.keys(programs).join(', ')}`);
    console.log(`mutate: ${room}`);
    results.push(mutate(room));
  }
  console.table(results);
} finally {
  rmSync(copy, { recursive: true });
}
