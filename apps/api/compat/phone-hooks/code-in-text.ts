/** Digits, perhaps in groups as codes are printed; not those of a word, a link's name or a number with +. */
const NUMBERS = /(?<![\p{L}\p{N}+])\d+(?:[ -]\d+)*(?![\p{L}\p{N}])/gu;

/** The numbers in a text that have the form of a code: one, where the text says a code and nothing else of the kind. */
export function codesIn(text: string): string[] {
  const numbers = [...text.matchAll(NUMBERS)].map(([number]) => number.replaceAll(/[ -]/g, ''));
  return [...new Set(numbers.filter(({ length }) => length >= 4 && length <= 10))];
}
