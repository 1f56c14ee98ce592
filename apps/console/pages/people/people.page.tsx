import { CloseButton, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { usePages } from '../../parts/use-pages.js';
import { mayAct, useMe } from '../../shell/use-me.js';
import { InvitationsPanel } from './invitations-panel.js';
import { Invite } from './invite.js';
import { PEOPLE } from './keys.js';
import { PersonRow } from './person-row.js';

const route = getRouteApi('/house/people');

/** Everybody in the company, and who is invited to it. */
export function PeoplePage() {
  const { t } = useTranslation('people');
  const { search } = route.useSearch();
  const { data: me } = useMe();
  const people = usePages([...PEOPLE, search ?? ''], (cursor) =>
    answer(api.GET('/api/users', { params: { query: { limit: 25, ...(cursor && { cursor }), ...(search && { search }) } } })),
  );
  return (
    <Page title={t('title')} lead={t('lead')} actions={mayAct(me?.role, 'admin') && <Invite />}>
      <Panel title={t('list.title')} actions={<Search />}>
        <Stack mih={230}>
          <Loaded
            query={people}
            rows={4}
            isEmpty={(list) => list.length === 0}
            empty={<Empty title={t('list.none')}>{t('list.noneText', { search })}</Empty>}
          >
            {(list) => (
              <>
                <Listing label={t('list.title')} head={[t('list.name'), t('list.role'), t('list.status'), t('list.lastSignIn')]}>
                  {list.map((person) => (
                    <PersonRow key={person.id} person={person} isMe={person.id === me?.id} />
                  ))}
                </Listing>
                <More query={people} />
              </>
            )}
          </Loaded>
        </Stack>
      </Panel>
      {mayAct(me?.role, 'admin') && <InvitationsPanel />}
    </Page>
  );
}

/** What is searched for stands in the address, a moment after it was typed. */
function Search() {
  const { t } = useTranslation('people');
  const { search = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(search);
  const look = useDebouncedCallback((text: string) => {
    void navigate({ search: text.trim() ? { search: text.trim() } : {}, replace: true });
  }, 300);
  const change = (text: string) => {
    setTyped(text);
    look(text);
  };
  return (
    <TextInput
      type="search"
      role="searchbox"
      aria-label={t('list.search')}
      placeholder={t('list.search')}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={typed && <CloseButton size="sm" aria-label={t('list.clear')} onClick={() => change('')} />}
      maxLength={100}
      w={{ base: '100%', xs: 280 }}
      value={typed}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}
