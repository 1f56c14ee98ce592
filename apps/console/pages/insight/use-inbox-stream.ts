import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';

type Inbox = Schemas['Inbox'];
export const INBOX = ['inbox'] as const;

/** Puts each message that comes on top of the list, and says for screen readers that it came. */
export function useInboxStream(to: string | undefined, isThere: boolean): string {
  const { t } = useTranslation('insight');
  const queries = useQueryClient();
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (!isThere) return;
    const stream = new EventSource(`/dev/inbox/stream${to ? `?${new URLSearchParams({ to })}` : ''}`);
    const arrived = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as Inbox['data'][number];
      queries.setQueryData<Inbox | null>([...INBOX, to], (list) =>
        list && !list.data.some(({ id }) => id === message.id) ? { ...list, data: [message, ...list.data] } : list,
      );
      setSaid(t('inbox.arrived', { to: message.to }));
    };
    // What came while the line was down is asked for.
    let wasOpen = false;
    stream.addEventListener('open', () => {
      if (wasOpen) void queries.invalidateQueries({ queryKey: INBOX });
      wasOpen = true;
    });
    stream.addEventListener('message', arrived);
    return () => stream.close();
  }, [to, isThere, queries, t]);
  return said;
}
