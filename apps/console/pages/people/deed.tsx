import { Box, Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** Something that can be done: what it is, what it does, and the button for it. */
export const Deed = ({ title, text, children }: { title: string; text: string; children: ReactNode }) => (
  <Group justify="space-between" align="flex-start" gap="sm">
    <Box maw="38rem">
      <Title order={3} size="h6">
        {title}
      </Title>
      <Text size="sm" c="dimmed">
        {text}
      </Text>
    </Box>
    {children}
  </Group>
);
