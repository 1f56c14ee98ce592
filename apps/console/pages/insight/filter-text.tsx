import { TextInput, type TextInputProps } from '@mantine/core';
import { useEffect, useState } from 'react';

/** A filter that is typed: asked for once it stands, by Enter or by leaving the field, not at each letter. */
export function FilterText({
  value = '',
  change,
  ...field
}: Omit<TextInputProps, 'value' | 'onChange'> & { value?: string; change: (to: string | undefined) => void }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const settle = () => typed.trim() !== value && change(typed.trim() || undefined);
  return (
    <TextInput
      value={typed}
      onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      onBlur={settle}
      onKeyDown={({ key }) => key === 'Enter' && settle()}
      spellCheck={false}
      autoComplete="off"
      {...field}
    />
  );
}
