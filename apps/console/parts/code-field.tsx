import { TextInput, type TextInputProps } from '@mantine/core';

/** Takes a code: phones offer the one that just came, or their digits. Backup codes have letters. */
export const CodeField = ({ letters = false, ...field }: TextInputProps & { letters?: boolean }) => (
  <TextInput
    inputMode={letters ? 'text' : 'numeric'}
    autoComplete="one-time-code"
    autoCapitalize="off"
    spellCheck={false}
    maxLength={64}
    size="md"
    required
    styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', letterSpacing: '0.15em' } }}
    {...field}
  />
);
