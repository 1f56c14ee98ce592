import { readFileSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { configSchema } from '../libs/platform/config.js';

const MARK = '| --- | --- | --- |\n';

/** The table as the schema tells it. `UPDATE=1 npx vitest run --project unit test/documentation.spec.ts` writes it. */
function table(): string {
  const { shape } = (configSchema as unknown as { def: { in: z.ZodObject } }).def.in;
  return Object.entries(shape)
    .map(([name, field]) => {
      const { type, defaultValue } = (field as unknown as { def: { type: string; defaultValue?: unknown } }).def;
      const preset =
        type === 'default'
          ? [defaultValue].flat().join(',')
            ? `\`${String(defaultValue)}\``
            : 'none'
          : type === 'optional'
            ? ''
            : '**required**';
      return `| \`${name}\` | ${name === 'HASHING_SLOTS' ? 'cores' : preset} | ${(field as z.ZodType).description} |\n`;
    })
    .join('');
}

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
