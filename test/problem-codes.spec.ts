import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemCodes } from '@app/platform';

const document = JSON.parse(readFileSync('openapi.json', 'utf8'));
const files = globSync('{apps,libs}/**/*.ts').filter((file) => !file.endsWith('.spec.ts'));

describe('The codes of problems', () => {
  it('stand in openapi.json, every one that any module declares and no other', async () => {
    for (const file of files.filter((name) => /\bdefineErrors\(/.test(readFileSync(name, 'utf8'))))
      await import(/* @vite-ignore */ join(process.cwd(), file));
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(problemCodes());
    expect(problemCodes().length).toBeGreaterThan(100);
  });

  it('come from what is declared: nobody makes an error by hand', () => {
    const makers = files.filter((file) => /\bnew AppError\(/.test(readFileSync(file, 'utf8')));
    expect(makers).toEqual(['libs/platform/app-error.ts']);
  });
});
