import { Alert, Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { mayAct, useMe } from '../../shell/use-me.js';
import { personKey } from './keys.js';
import { PersonAccess } from './person-access.js';
import { PersonDetails } from './person-details.js';
import { PersonEnd } from './person-end.js';
import { PersonFacts } from './person-facts.js';

const route = getRouteApi('/house/people/$id');

/** One person. Managers see, administrators act; on oneself, elsewhere. */
export function PersonPage() {
  const { t } = useTranslation('people');
  const { id } = route.useParams();
  const { data: me } = useMe();
  const person = useQuery({ queryKey: personKey(id), queryFn: () => answer(api.GET('/api/users/{id}', { params: { path: { id } } })) });
  const acts = mayAct(me?.role, 'admin') && me?.id !== id;
  return (
    <Page
      title={person.data?.full_name ?? t('person.title')}
      lead={
        <Anchor component={Link} to="/people" size="sm">
          {t('person.back')}
        </Anchor>
      }
    >
      <Loaded query={person} rows={6}>
        {(someone) => (
          <>
            <PersonFacts person={someone} />
            {me?.id === id && (
              <Alert variant="light" color="gray" role="note">
                <Text size="sm">
                  {t('person.self')}{' '}
                  <Anchor component={Link} to="/account" size="sm">
                    {t('person.selfLink')}
                  </Anchor>
                </Text>
              </Alert>
            )}
            {acts && (
              <>
                <PersonDetails key={JSON.stringify(someone)} person={someone} />
                <PersonAccess person={someone} />
                <PersonEnd person={someone} />
              </>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}
