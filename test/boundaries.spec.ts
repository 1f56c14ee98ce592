import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Who may import whom. A new arrow is a design decision: it goes here first. */
const ALLOWED: Record<string, string[]> = {
  platform: [],
  audit: ['platform'],
  tenants: ['platform', 'audit'],
  notifications: ['platform', 'audit', 'tenants'],
  mfa: ['platform', 'audit', 'tenants', 'notifications'],
  auth: ['platform', 'audit', 'tenants', 'notifications', 'mfa'],
};

/** A provider's spec runs it against the vendor's simulator, a factor's against a device's. */
const SIMULATORS = /^libs\/(notifications\/providers|mfa\/factors)\/.*\.spec\.ts → test\/simulators\//;

/** Paths into a library instead of its name, each for a reason that stands beside the import. */
const BY_PATH = [
  'apps/api/main.ts → libs/platform/config.js',
  'apps/cli/audit-verify.command.ts → libs/audit/chain-verifier.js',
  'apps/worker/main.ts → libs/platform/config.js',
];

/** Who reads the environment: the settings, and the processes' own start. */
const READS_ENVIRONMENT = ['libs/platform/config.ts'];

const INDEX_LINES = 35;

const from = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)['"]([^'"]+)['"]/g)].map(
    ([, specifier]) => specifier!,
  );
const aliases = (file: string) =>
  from(file)
    .filter((specifier) => specifier.startsWith('@app/'))
    .map((specifier) => specifier.slice('@app/'.length));
const paths = (file: string) =>
  from(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)).replaceAll('\\', '/'));
const code = (file: string) => readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

const libraries = globSync('libs/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted();
const applications = globSync('apps/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted();
const isProduct = (file: string) => !file.endsWith('.spec.ts');

describe('Module boundaries', () => {
  it('looks at every library, and every library has its row', () => {
    expect(libraries.length).toBeGreaterThan(50);
    expect(applications.length).toBeGreaterThan(15);
    expect([...new Set(libraries.map((file) => file.split('/')[1]))].filter((name) => !ALLOWED[name!])).toEqual([]);
  });

  it('has arrows in one direction only', () => {
    const reaches = (lib: string, seen = new Set<string>()): Set<string> => {
      for (const next of ALLOWED[lib] ?? []) if (!seen.has(next)) reaches(next, seen.add(next));
      return seen;
    };
    expect(Object.keys(ALLOWED).filter((lib) => reaches(lib).has(lib))).toEqual([]);
  });

  it.each(libraries)('%s imports only what its library may', (file) => {
    const lib = file.split('/')[1]!;
    expect(
      aliases(file).filter((name) => !ALLOWED[lib]!.includes(name)),
      'by name',
    ).toEqual([]);
    expect(
      paths(file).filter((path) => !path.startsWith(`libs/${lib}/`) && !SIMULATORS.test(`${file} → ${path}`)),
      'by path',
    ).toEqual([]);
  });

  it.each(applications.filter(isProduct))('%s takes libraries by name', (file) => {
    expect(aliases(file).filter((name) => !ALLOWED[name])).toEqual([]);
    const outside = paths(file).filter((path) => !path.startsWith('apps/'));
    expect(outside.map((path) => `${file} → ${path}`).filter((arrow) => !BY_PATH.includes(arrow))).toEqual([]);
  });

  it('keeps no exception that nobody needs', () => {
    const used = applications.flatMap((file) => paths(file).map((path) => `${file} → ${path}`));
    expect(BY_PATH.filter((arrow) => !used.includes(arrow))).toEqual([]);
  });

  it('breaks no circle with forwardRef', () => {
    expect([...libraries, ...applications].filter((file) => /\bforwardRef\b/.test(code(file)))).toEqual([]);
  });

  it('reads the environment in one place', () => {
    const readers = libraries.filter(
      (file) =>
        isProduct(file) &&
        /\bprocess\s*\.\s*env\b|\bprocess\[['"]env|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process/.test(
          code(file),
        ),
    );
    expect(readers).toEqual(READS_ENVIRONMENT);
  });

  it.each(globSync('libs/*/index.ts'))('%s shows little', (file) => {
    expect(readFileSync(file, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(INDEX_LINES);
  });
});
