import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';

/** Whether messages go over it now. */
export function ChannelState({ provider: { provider, configured, breaker } }: { provider: Schemas['Provider'] }) {
  const { t } = useTranslation('company');
  const style = { flexShrink: 0 };
  // Where it runs, it takes what goes over no provider.
  if (!configured && provider === 'sandbox')
    return (
      <Badge variant="light" style={style}>
        {t('channels.standsIn')}
      </Badge>
    );
  if (!configured)
    return (
      <Badge variant="outline" color="gray" style={style}>
        {t('channels.notSetUp')}
      </Badge>
    );
  if (!configured.is_enabled)
    return (
      <Badge color="gray.7" style={style}>
        {t('channels.paused')}
      </Badge>
    );
  if (breaker?.state === 'open')
    return (
      <Badge color="red.9" style={style}>
        {t('channels.open')}
      </Badge>
    );
  if (breaker?.state === 'half_open')
    return (
      <Badge color="yellow" style={style}>
        {t('channels.halfOpen')}
      </Badge>
    );
  return (
    <Badge variant="light" style={style}>
      {t('channels.inUse')}
    </Badge>
  );
}
