/** E.164 (ITU-T): a plus and up to 15 digits, the first not 0; spaces and punctuation are ours to drop. */
export function parsePhoneNumber(text: string): string | undefined {
  const bare = text.replaceAll(/[\s().-]/g, '');
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : undefined;
}
