import { Badge, Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { asProblem } from '../../api/problem.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Fact, Facts } from '../../parts/facts.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { When } from '../../parts/when.js';
import { CognitoForm } from './cognito-form.js';
import { COGNITO } from './keys.js';

/** null: the company has none. */
const poolOf = (): Promise<Schemas['Cognito'] | null> =>
  answer(api.GET('/api/company/cognito')).catch((error: unknown) => {
    if (asProblem(error).code === 'identity.provider_not_found') return null;
    throw error;
  });

/** The Amazon Cognito user pool that the company's people may have their passwords in. */
export function Cognito() {
  const { t } = useTranslation(['company', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  const pool = useQuery({ queryKey: COGNITO, queryFn: poolOf });
  const actions = pool.data !== undefined && (
    <Group gap="xs">
      <Button variant="default" size={pool.data ? 'xs' : 'sm'} onClick={open} aria-label={pool.data ? t('cognito.edit') : undefined}>
        {pool.data ? t('identity.edit') : t('cognito.setUp')}
      </Button>
      {pool.data && (
        <ConfirmButton
          label={t('remove', { ns: 'common' })}
          aria-label={t('cognito.remove')}
          title={t('cognito.removeTitle')}
          changes={[COGNITO]}
          run={() => answer(api.DELETE('/api/company/cognito'))}
        >
          {t('cognito.removeText')}
        </ConfirmButton>
      )}
    </Group>
  );
  return (
    <Panel title={t('cognito.title')} lead={t('cognito.lead')} actions={actions}>
      <Loaded query={pool} rows={2} isEmpty={(found) => found === null} empty={<Empty title={t('cognito.none')} />}>
        {(found) => <State pool={found!} />}
      </Loaded>
      {pool.data !== undefined && <CognitoForm opened={opened} close={close} pool={pool.data} />}
    </Panel>
  );
}

function State({ pool }: { pool: Schemas['Cognito'] }) {
  const { t } = useTranslation(['company', 'common']);
  const { auth_provider, just_in_time, role, allowed_email_domains: domains, migrate_passwords } = pool;
  return (
    <Facts>
      <Fact name={t('cognito.asked')}>
        <Badge variant={auth_provider === 'native' ? 'outline' : 'light'} color={auth_provider === 'native' ? 'gray' : 'verdigris'}>
          {t(`cognito.askedFor.${auth_provider}`)}
        </Badge>
      </Fact>
      <Fact name={t('cognito.poolId')}>{pool.user_pool_id}</Fact>
      <Fact name={t('identity.clientId')}>{pool.client_id}</Fact>
      <Fact name={t('identity.clientSecret')}>{t(pool.has_secret ? 'cognito.secretStored' : 'cognito.noSecret')}</Fact>
      <Fact name={t('identity.issuer')}>{pool.issuer}</Fact>
      <Fact name={t('identity.jit')}>
        {just_in_time ? t('cognito.yesAs', { role: t(`roles.${role}`, { ns: 'common' }) }) : t('cognito.no')}
      </Fact>
      <Fact name={t('identity.domains')}>{domains.length > 0 ? domains.join(', ') : t('cognito.anyDomain')}</Fact>
      <Fact name={t('cognito.factorCounts')}>{t(pool.second_factor_counts ? 'cognito.yes' : 'cognito.no')}</Fact>
      <Fact name={t('cognito.migrate')}>{t(migrate_passwords && auth_provider === 'both' ? 'cognito.yes' : 'cognito.no')}</Fact>
      <Fact name={t('cognito.changed')}>
        <When at={pool.updated_at} />
      </Fact>
    </Facts>
  );
}
