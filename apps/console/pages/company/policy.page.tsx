import { Alert, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { KeepsChanges } from '../../parts/keeps-changes.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { ME, useMe } from '../../shell/use-me.js';
import { Cognito } from './cognito.js';
import { IdentityProviders } from './identity-providers.js';
import { PolicyMessages } from './policy-messages.js';
import { PolicySessions } from './policy-sessions.js';
import { PolicySignIn } from './policy-sign-in.js';
import { changesOf, valuesOf } from './policy-values.js';

const COMPANY = ['company'] as const;

/** What the company has decided about sign-ins, sessions and messages. */
export function PolicyPage() {
  const { t } = useTranslation('company');
  const company = useQuery({
    queryKey: COMPANY,
    queryFn: () => answer(api.GET('/api/company')),
    // What another administrator saves meanwhile takes nothing away from whoever is typing.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  return (
    <Page title={t('policy.title')} lead={t('policy.lead')}>
      {/* The form is higher than a window: what stands below it comes into sight only where it stays. */}
      <Stack gap="lg" mih={company.isPending ? '100dvh' : undefined}>
        <Loaded query={company} rows={8}>
          {(data) => <PolicyForm key={JSON.stringify(data)} company={data} />}
        </Loaded>
      </Stack>
      <IdentityProviders />
      <Cognito />
    </Page>
  );
}

function PolicyForm({ company }: { company: Schemas['Company'] }) {
  const { t } = useTranslation(['company', 'common']);
  const before = valuesOf(company);
  const form = useForm({ initialValues: before });
  const { data: person } = useMe();
  const demand = person && form.values.policy.mfa[person.role];
  const demandsMoreThanMine =
    person &&
    demand !== before.policy.mfa[person.role] &&
    (demand === 'phishing_resistant' || (demand === 'required' && !person.mfa_enabled));
  const save = useAction((body: Schemas['UpdateCompany']) => answer(api.PATCH('/api/company', { body })), {
    changes: [COMPANY, ME],
    done: t('saved', { ns: 'common' }),
    form,
    after: () => form.resetDirty(),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(changesOf(before, values)))} style={{ display: 'contents' }}>
      <KeepsChanges dirty={form.isDirty()} />
      <Panel title={t('policy.company')}>
        <TextInput
          label={t('policy.name')}
          description={t('policy.nameHint', { domain: company.domain })}
          required
          maxLength={200}
          maw={420}
          {...form.getInputProps('name')}
        />
      </Panel>
      <PolicySignIn form={form} />
      <PolicySessions form={form} />
      <PolicyMessages form={form} />
      <Paper withBorder p="md" shadow="sm" style={{ position: 'sticky', bottom: 12, zIndex: 2 }}>
        {demandsMoreThanMine && (
          <Alert color="yellow" role="status" mb="sm">
            {t('policy.demandsYours')}
          </Alert>
        )}
        <ProblemAlert error={save.error} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {t(form.isDirty() ? 'policy.unsaved' : 'policy.allSaved')}
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={form.reset} disabled={!form.isDirty()}>
              {t('policy.discard')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {t('save', { ns: 'common' })}
            </Button>
          </Group>
        </Group>
      </Paper>
    </form>
  );
}
