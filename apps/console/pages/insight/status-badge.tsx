import { Badge } from '@mantine/core';
import { IconBan, IconCheck, IconClock, IconClockX, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';

const LOOKS = {
  pending: ['blue', IconClock],
  approved: ['verdigris', IconCheck],
  expired: ['gray', IconClockX],
  max_attempts_reached: ['red', IconX],
  canceled: ['gray', IconBan],
} as const;

export function StatusBadge({ status, size }: { status: Schemas['Verification']['status']; size?: string }) {
  const { t } = useTranslation('insight');
  const [color, Icon] = LOOKS[status];
  return (
    <Badge variant="light" color={color} tt="none" size={size ?? 'md'} leftSection={<Icon size={12} aria-hidden />}>
      {t(`statuses.${status}`)}
    </Badge>
  );
}
