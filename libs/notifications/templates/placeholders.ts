/** `{name}`, and nothing more: no expression, no nesting, no default. Every other brace is a mistake that its writer should hear of. */
const PLACEHOLDER = /\{([a-z][a-z_]{0,29})\}|\{[^{}]{0,40}\}?|\}/g;

/** The names in a text, and the first brace that belongs to none. */
export function placeholdersIn(text: string): { names: string[]; stray: string | undefined } {
  const names = new Set<string>();
  let stray: string | undefined;
  for (const [whole, name] of text.matchAll(PLACEHOLDER))
    if (name) names.add(name);
    else stray ??= whole;
  return { names: [...names], stray };
}

/** In one pass: what a value holds is never looked at again. A map, so that no name means anything but what was put there. */
export const fill = (text: string, values: ReadonlyMap<string, string>, written: (value: string) => string = String): string =>
  text.replaceAll(PLACEHOLDER, (whole, name?: string) => (name === undefined ? whole : written(values.get(name) ?? '')));

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Safe as text and within a quoted attribute. */
export const asHtml = (value: string) => value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** One line whatever it was: what a name holds must not begin a header or a line of its own. */
export const oneLine = (value: string) => value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
