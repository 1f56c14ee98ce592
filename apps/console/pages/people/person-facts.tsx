import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { Copyable } from '../../parts/copyable.js';
import { Fact, Facts } from '../../parts/facts.js';
import { Panel } from '../../parts/panel.js';
import { When } from '../../parts/when.js';
import { Standing } from './person-row.js';

export function PersonFacts({ person }: { person: Schemas['User'] }) {
  const { t, i18n } = useTranslation(['people', 'common']);
  const language = person.locale && (new Intl.DisplayNames(i18n.language, { type: 'language' }).of(person.locale) ?? person.locale);
  return (
    <Panel title={t('person.about')} actions={<Standing person={person} />}>
      <Facts>
        <Fact name={t('person.email')}>{person.email}</Fact>
        <Fact name={t('person.phone')}>{person.phone_number ?? '–'}</Fact>
        <Fact name={t('list.role')}>{t(`roles.${person.role}`, { ns: 'common' })}</Fact>
        <Fact name={t('person.language')}>{language ?? '–'}</Fact>
        <Fact name={t('list.lastSignIn')}>
          <When at={person.last_login} />
        </Fact>
        <Fact name={t('person.since')}>
          <When at={person.created_at} />
        </Fact>
        <Fact name={t('person.id')}>
          <Copyable text={person.id} label={t('person.id')} />
        </Fact>
      </Facts>
      {!person.email_verified && (
        <Text size="sm" c="dimmed">
          {t('person.unconfirmed')}
        </Text>
      )}
    </Panel>
  );
}
