import { Button, Modal, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { ClientSecret, isSecretMissing, NO_SECRET, type SecretValues, secretSent } from './client-secret.js';
import { COGNITO } from './keys.js';
import { admittedBy, WhoComesIn } from './who-comes-in.js';

type Pool = Schemas['Cognito'];
type Values = Omit<Pool, 'has_secret' | 'issuer' | 'created_at' | 'updated_at'> & SecretValues;
/** Who is asked for passwords, the most usual first; all of them, or this does not compile. */
const ASKED = Object.keys({ both: true, cognito: true, native: true } satisfies Record<
  Pool['auth_provider'],
  true
>) as Pool['auth_provider'][];

interface Props {
  /** None: it is set up for the first time. */
  pool: Pool | null;
  close: () => void;
}

export function CognitoForm({ opened, ...props }: Props & { opened: boolean }) {
  const { t } = useTranslation(['company', 'common']);
  return (
    <Modal
      opened={opened}
      onClose={props.close}
      title={t('cognito.one')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
    >
      <Fields {...props} />
    </Modal>
  );
}

const valuesOf = (pool: Pool | null): Values => ({
  ...NO_SECRET,
  ...admittedBy(pool),
  auth_provider: pool?.auth_provider ?? 'both',
  user_pool_id: pool?.user_pool_id ?? '',
  client_id: pool?.client_id ?? '',
  second_factor_counts: pool?.second_factor_counts ?? true,
  migrate_passwords: pool?.migrate_passwords ?? false,
});

function Fields({ pool, close }: Props) {
  const { t } = useTranslation(['company', 'common']);
  const isStored = pool?.has_secret ?? false;
  const isMoved = ({ user_pool_id, client_id }: Values) =>
    pool !== null && (user_pool_id.trim() !== pool.user_pool_id || client_id.trim() !== pool.client_id);
  const form = useForm({
    initialValues: valuesOf(pool),
    validate: {
      client_secret: (_: string, values: Values) =>
        isSecretMissing(values, isStored, isMoved(values)) ? t('identity.secretNeeded') : null,
    },
  });
  const put = useAction(
    ({ client_secret, ends_secret, user_pool_id, client_id, ...settings }: Values) =>
      answer(
        api.PUT('/api/company/cognito', {
          body: {
            ...settings,
            user_pool_id: user_pool_id.trim(),
            client_id: client_id.trim(),
            ...secretSent({ client_secret, ends_secret }, isStored),
          },
        }),
      ),
    { changes: [COGNITO], done: t('saved', { ns: 'common' }), form, after: close },
  );
  const switched = (name: 'second_factor_counts' | 'migrate_passwords') => form.getInputProps(name, { type: 'checkbox' });
  const { auth_provider: asked } = form.values;
  return (
    <form onSubmit={form.onSubmit((values) => put.mutate(values))}>
      <Stack>
        <TextInput
          label={t('cognito.poolId')}
          description={t('cognito.poolIdHint')}
          required
          maxLength={55}
          placeholder="eu-west-1_AbCdEf123"
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('user_pool_id')}
        />
        <TextInput
          label={t('identity.clientId')}
          description={t('cognito.clientIdHint')}
          required
          maxLength={128}
          autoComplete="off"
          {...form.getInputProps('client_id')}
        />
        <ClientSecret
          isStored={isStored}
          moved={isMoved(form.values)}
          ends={form.values.ends_secret}
          setEnds={(ends) => form.setFieldValue('ends_secret', ends)}
          {...form.getInputProps('client_secret')}
        />
        <Select
          label={t('cognito.asked')}
          description={t(`cognito.askedHints.${asked}`)}
          data={ASKED.map((value) => ({ value, label: t(`cognito.askedFor.${value}`) }))}
          allowDeselect={false}
          {...form.getInputProps('auth_provider')}
        />
        <Switch
          label={t('cognito.migrate')}
          description={t('cognito.migrateHint')}
          disabled={asked !== 'both'}
          {...switched('migrate_passwords')}
        />
        <Switch label={t('cognito.factorCounts')} description={t('cognito.factorCountsHint')} {...switched('second_factor_counts')} />
        <WhoComesIn form={form} jitHint={t('cognito.jitHint')} />
        <ProblemAlert error={put.error} />
        <Button type="submit" loading={put.isPending} disabled={pool !== null && !form.isDirty()}>
          {pool ? t('save', { ns: 'common' }) : t('cognito.setUp')}
        </Button>
      </Stack>
    </form>
  );
}
