import { Text } from '@mantine/core';
import { useFormat } from './use-format.js';

/** How long ago, with the exact time for whoever wants it. */
export function When({ at, size = 'sm' }: { at: string | null | undefined; size?: string }) {
  const { ago, exact } = useFormat();
  if (!at) return <Text size={size}>–</Text>;
  return (
    <Text component="time" dateTime={at} title={exact(at)} size={size}>
      {ago(at)}
    </Text>
  );
}
