import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
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

describe('The page of security', () => {
  const page = readFileSync('docs/security.md', 'utf8');
  /** `| # | what | tests | guards | seen |`, with \| where a cell has one. */
  const rows = [...page.matchAll(/^\| *(\d+) *\|(.*)\|$/gm)].map(([, number, cells]) => {
    const [what = '', tests = '', guards = '', seen = ''] = cells!.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    return { row: Number(number), what, tests, guards, seen };
  });
  /** `file`: "title", "title"; `file`: "title" */
  const cited = (text: string) =>
    [...text.matchAll(/`((?:test|libs|apps)\/[\w./-]+)`: ("[^"]+"(?:, "[^"]+")*)/g)].flatMap(([, file, titles]) =>
      [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file: file!, title: title! })),
    );
  /** `file`: `code`, `code`; `file`: `code` */
  const guarded = (text: string) =>
    [...text.matchAll(/`((?:test|libs|apps)\/[\w./-]+)`: (`[^`]+`(?:, `[^`]+`)*)/g)].flatMap(([, file, codes]) =>
      [...codes!.matchAll(/`([^`]+)`/g)].map(([, code]) => ({ file: file!, code: code! })),
    );
  const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

  it('has a line for each of 74 bugs of others', () => {
    expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 74 }, (_, at) => at + 1));
    const bare = rows.filter(
      ({ tests, guards }) => !tests.startsWith('Cannot apply: ') && !(cited(tests).length > 0 && guarded(guards).length > 0),
    );
    expect(bare.map(({ row }) => row)).toEqual([]);
    expect(rows.filter(({ what, seen }) => what === '' || !['', 'seen'].includes(seen)).map(({ row }) => row)).toEqual([]);
  });

  it.each(rows)('$row: its tests are there', ({ tests }) => {
    expect(cited(tests).filter(({ file, title }) => !titlesOf(file).has(title))).toEqual([]);
    expect(tests.replaceAll(/`[^`]+`: "[^"]+"(, "[^"]+")*/g, '').match(/`(test|libs|apps)\//), 'a file without a title').toBeNull();
  });

  it.each(rows)('$row: its guards are there', ({ guards }) => {
    const gone = guarded(guards).filter(({ file, code }) => !existsSync(file) || !flat(readFileSync(file, 'utf8')).includes(flat(code)));
    expect(gone).toEqual([]);
  });

  it('cites no test that is not there in what holds of all routes', () => {
    const section = page.slice(page.indexOf('## Over all routes'));
    expect(cited(section).length).toBeGreaterThan(5);
    expect(cited(section).filter(({ file, title }) => !titlesOf(file).has(title))).toEqual([]);
  });
});

const known = new Map<string, ReadonlySet<string>>();

/** What the tests of a file are called: as it is written, and of a table of cases with each case's own first words in it. */
function titlesOf(file: string): ReadonlySet<string> {
  const before = known.get(file);
  if (before) return before;
  const titles = new Set<string>();
  known.set(file, titles);
  if (!existsSync(file)) return titles;
  const words = (node: ts.Node | undefined) => (node && ts.isStringLiteralLike(node) ? node.text : undefined);
  const table = (node: ts.Node | undefined): ts.NodeArray<ts.Expression> | undefined =>
    node && ts.isAsExpression(node) ? table(node.expression) : node && ts.isArrayLiteralExpression(node) ? node.elements : undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression: callee } = node;
      const title = words(node.arguments[0]);
      const each = ts.isCallExpression(callee) && /^(it|describe)\.(each|skipIf)$/.test(callee.expression.getText()) ? callee : undefined;
      if (title !== undefined && (each || /^(it|describe)$/.test(callee.getText()))) {
        titles.add(title);
        for (const one of table(each?.arguments[0]) ?? []) {
          const first = words(ts.isArrayLiteralExpression(one) ? one.elements[0] : one);
          if (first !== undefined) titles.add(title.replace('%s', first));
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return titles;
}
