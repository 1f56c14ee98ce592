// Compiles what is newer than its last build, so that `npm start` is quick the second time and right after an edit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const CONSOLE = join('apps', 'console');

const newest = (dir, except = () => false) =>
  readdirSync(join(root, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !except(join(entry.parentPath, entry.name)))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
const changed = (...files) => Math.max(...files.map((file) => statSync(join(root, file)).mtimeMs));

function build(what, folder, sources, run) {
  const stamp = join(root, 'dist', folder, '.built');
  if ((statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0) > sources) return;
  process.stderr.write(`Building ${what}…\n`);
  const started = new Date();
  run();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started);
}

const command = (name, ...args) =>
  execFileSync(join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name), args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });

/** Beside each file what browsers take instead: the server compresses nothing while it serves. */
function compress(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (!/\.(js|css|svg)$/.test(entry.name)) continue;
    const file = join(dir, entry.name);
    const bytes = readFileSync(file);
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
  }
}

const isConsole = (file) => file.includes(`${sep}${CONSOLE}${sep}`);
build(
  'the server',
  'apps',
  Math.max(
    newest('apps', isConsole),
    newest('libs'),
    changed('package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'),
  ),
  () => {
    for (const dir of ['apps', 'libs']) rmSync(join(root, 'dist', dir), { recursive: true, force: true });
    rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
    command('nest', 'build');
  },
);
build('the console', 'console', Math.max(newest(CONSOLE), changed('package-lock.json')), () => {
  command('vite', 'build', '--config', join(CONSOLE, 'vite.config.ts'));
  compress(join(root, 'dist', 'console', 'assets'));
});
