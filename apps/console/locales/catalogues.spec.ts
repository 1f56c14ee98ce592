import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const LANGUAGES = ['en', 'es', 'de'];
const PLURALS: Record<string, string[]> = { en: ['one', 'other'], es: ['one', 'many', 'other'], de: ['one', 'other'] };
const NAMESPACES = globSync(`${import.meta.dirname}/en/*.json`).map((file) => basename(file, '.json'));

const texts = (language: string, namespace: string) =>
  flat(JSON.parse(readFileSync(`${import.meta.dirname}/${language}/${namespace}.json`, 'utf8')));
function flat(tree: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value as object, `${prefix}${key}.`)],
    ),
  );
}
const keys = (catalogue: Map<string, string>) =>
  [...new Set([...catalogue.keys()].map((key) => key.replace(/_(one|many|other)$/, '')))].toSorted();
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!).toSorted();

describe('The catalogues of the console', () => {
  it('are as many in each language', () => {
    expect(NAMESPACES.length).toBeGreaterThan(5);
    for (const language of LANGUAGES)
      expect(
        globSync(`${import.meta.dirname}/${language}/*.json`)
          .map((file) => basename(file, '.json'))
          .toSorted(),
      ).toEqual(NAMESPACES.toSorted());
  });

  it.each(NAMESPACES)('%s says the same in three languages', (namespace) => {
    const english = texts('en', namespace);
    for (const language of LANGUAGES) {
      const others = texts(language, namespace);
      expect(keys(others), language).toEqual(keys(english));
      for (const [key, text] of others) {
        expect(text.trim(), `${language} ${key}`).not.toBe('');
        const model = english.get(key) ?? english.get(key.replace(/_many$/, '_other'))!;
        expect(placeholders(text), `${language} ${key}`).toEqual(placeholders(model));
      }
    }
  });

  it.each(NAMESPACES)('%s has every plural that its language has', (namespace) => {
    for (const language of LANGUAGES) {
      const catalogue = texts(language, namespace);
      const counted = [...catalogue.keys()].filter((key) => key.endsWith('_other')).map((key) => key.replace(/_other$/, ''));
      for (const key of counted)
        for (const form of PLURALS[language]!) expect(catalogue.has(`${key}_${form}`), `${language} ${key}_${form}`).toBe(true);
    }
  });

  it('translates: what is long is in no two languages alike', () => {
    const alike = NAMESPACES.flatMap((namespace) => {
      const [english, ...others] = LANGUAGES.map((language) => texts(language, namespace));
      return [...english!]
        .filter(([key, text]) => text.length > 20 && others.some((other) => other.get(key) === text))
        .map(([key]) => `${namespace} ${key}`);
    });
    expect(alike).toEqual([]);
  });

  it('has a sentence for every code that a problem may have', () => {
    const document = JSON.parse(readFileSync(`${import.meta.dirname}/../../../openapi.json`, 'utf8'));
    const codes: string[] = document.components.schemas.Problem.properties.code.enum;
    expect(codes.length).toBeGreaterThan(80);
    const said = texts('en', 'errors');
    expect(codes.filter((code) => !said.has(code.replace('.', '_')))).toEqual([]);
  });
});
