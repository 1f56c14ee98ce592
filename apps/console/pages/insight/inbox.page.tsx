import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { VisuallyHidden } from '@mantine/core';
import { answer, api } from '../../api/client.js';
import { asProblem } from '../../api/problem.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { FilterText } from './filter-text.js';
import { InboxMessage } from './inbox-message.js';
import { INBOX, useInboxStream } from './use-inbox-stream.js';

const route = getRouteApi('/house/inbox');

/** What the sandbox took instead of sending it, as it comes. */
export function InboxPage() {
  const { t } = useTranslation('insight');
  const { to } = route.useSearch();
  const navigate = route.useNavigate();
  const inbox = useQuery({
    queryKey: [...INBOX, to],
    queryFn: () =>
      answer(api.GET('/dev/inbox', { params: { query: { ...(to && { to }) } } })).catch((error: unknown) => {
        if (asProblem(error).status === 404) return null;
        throw error;
      }),
  });
  const said = useInboxStream(to, inbox.data != null);
  return (
    <Page
      title={t('inbox.title')}
      lead={t('inbox.lead')}
      actions={
        inbox.data === null ? undefined : (
          <ConfirmButton
            size="sm"
            disabled={!inbox.data?.data.length}
            label={t('inbox.clear')}
            title={t('inbox.clearTitle')}
            changes={[INBOX]}
            run={() => answer(api.DELETE('/dev/inbox'))}
          >
            {t('inbox.clearText')}
          </ConfirmButton>
        )
      }
    >
      <VisuallyHidden aria-live="polite">{said}</VisuallyHidden>
      <Loaded
        query={inbox}
        rows={5}
        isEmpty={(list) => list === null}
        empty={<Empty title={t('inbox.absent')}>{t('inbox.absentText')}</Empty>}
      >
        {(list) => (
          <Stack>
            <Group align="flex-end" gap="sm" role="search" aria-label={t('filter.title')}>
              <FilterText
                label={t('inbox.recipient')}
                placeholder="+34612345678"
                maxLength={254}
                value={to}
                change={(next) => void navigate({ search: next ? { to: next } : {}, replace: true })}
                w={{ base: '100%', xs: 300 }}
              />
              {to && (
                <Button variant="subtle" onClick={() => void navigate({ search: {}, replace: true })}>
                  {t('filter.clear')}
                </Button>
              )}
            </Group>
            {list!.data.length === 0 ? (
              <Empty title={to ? t('filter.nothing') : t('inbox.none')}>{to ? t('inbox.waiting') : t('inbox.noneText')}</Empty>
            ) : (
              <Stack component="ul" p={0} m={0} gap="sm" style={{ listStyle: 'none' }} aria-label={t('inbox.title')}>
                {list!.data.map((message) => (
                  <InboxMessage key={message.id} message={message} />
                ))}
              </Stack>
            )}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}
