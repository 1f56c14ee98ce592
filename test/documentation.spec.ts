import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { readImportLine } from '../libs/auth/import/import-line.js';
import { MESSAGE_PROVIDERS } from '../libs/notifications/providers/index.js';
import { configSchema } from '../libs/platform/config.js';

const MARK = '| --- | --- | --- |\n';

/** What a schema is made of; of one that reads text and turns it into something else, the text. */
interface Definition {
  type: string;
  defaultValue?: unknown;
  in?: { def: Definition };
}
const textOf = (definition: Definition): Definition => (definition.type === 'pipe' ? textOf(definition.in!.def) : definition);

function preset(name: string, field: z.ZodType): string {
  if (name === 'HASHING_SLOTS') return 'cores';
  const { type, defaultValue } = textOf((field as unknown as { def: Definition }).def);
  if (type === 'optional') return '';
  if (type !== 'default') return '**required**';
  return [defaultValue].flat().join(',') ? `\`${String(defaultValue)}\`` : 'none';
}

/** The table as the schema tells it. `UPDATE=1 npx vitest run --project unit test/documentation.spec.ts` writes it. */
function table(): string {
  const { shape } = (configSchema as unknown as { def: { in: z.ZodObject } }).def.in;
  return Object.entries(shape)
    .map(([name, field]) => `| \`${name}\` | ${preset(name, field as z.ZodType)} | ${(field as z.ZodType).description} |\n`)
    .join('');
}

/** What the documents ask people to paste into a shell. */
const BLOCKS = [
  'README.md',
  ...['accounts', 'compatibility', 'outside-identity', 'providers', 'webhooks'].map((name) => `docs/${name}.md`),
].flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text], at) => ({ file, at, text: text! })),
);

describe('The README', () => {
  it('lists every setting with its default, as the schema has them', () => {
    const text = readFileSync('README.md', 'utf8');
    const start = text.indexOf(MARK) + MARK.length;
    const end = text.indexOf('\n\n', start) + 1;
    if (process.env.UPDATE) writeFileSync('README.md', text.slice(0, start) + table() + text.slice(end));
    else expect(text.slice(start, end)).toBe(table());
  });

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = [...readFileSync('README.md', 'utf8').matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });
});

describe('What is to be pasted', () => {
  it.each(BLOCKS)('$file, block $at, is a script that bash can read', ({ text }) => {
    expect(() => execFileSync('bash', ['-n'], { input: text, stdio: 'pipe' })).not.toThrow();
  });
});

describe('The page of the import', () => {
  const lines = [...readFileSync('docs/import.md', 'utf8').matchAll(/^\{"email".*$/gm)].map(([line]) => line);

  it.each(lines)('shows a line that is taken: %s', (line) => {
    expect(readImportLine(line)).toMatchObject({ passwordHash: expect.any(String) });
  });

  it('shows each kind of hash', () => expect(lines).toHaveLength(10));
});

describe('The page of providers', () => {
  const sections = new Map(
    readFileSync('docs/providers.md', 'utf8')
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split('\n')[0], section]),
  );
  const providers = MESSAGE_PROVIDERS.map((Provider) => new Provider()).filter(({ id }) => id !== 'sandbox');

  it.each(providers)('$id: names every setting it takes', ({ id, settings }) => {
    const { shape } = settings as unknown as z.ZodObject;
    expect(Object.keys(shape).filter((name) => !sections.get(id)?.includes(`\`${name}\``))).toEqual([]);
  });

  it('has a section for each vendor, and for nothing else', () => {
    expect([...sections.keys()].toSorted()).toEqual(providers.map(({ id }) => id).toSorted());
  });
});
