import { Alert, Anchor, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { useFormat } from '../../parts/use-format.js';
import { deliveriesKey, webhookKey, WEBHOOKS } from './keys.js';
import { SecretOnce } from './secret-once.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookFields } from './webhook-fields.js';
import { HookState } from './webhooks.page.js';

const route = getRouteApi('/house/webhooks/$id');

export function WebhookPage() {
  const { t } = useTranslation('company');
  const { id } = route.useParams();
  const params = { path: { id } };
  const hook = useQuery({ queryKey: webhookKey(id), queryFn: () => answer(api.GET('/api/company/webhooks/{id}', { params })) });
  return (
    <Page
      title={t('hooks.one')}
      lead={
        <Anchor component={Link} to="/webhooks" size="sm">
          {t('hooks.back')}
        </Anchor>
      }
    >
      <Loaded query={hook} rows={6}>
        {(found) => (
          <>
            <Controls hook={found} />
            <Edit key={found.updated_at} hook={found} />
            <WebhookDeliveries hook={found} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Controls({ hook }: { hook: Schemas['Webhook'] }) {
  const { t } = useTranslation(['company', 'common']);
  const { exact } = useFormat();
  const navigate = useNavigate();
  const [secret, setSecret] = useState<string>();
  const params = { path: { id: hook.id } };
  const changes = [WEBHOOKS, webhookKey(hook.id), deliveriesKey(hook.id)];
  const turn = useAction((enabled: boolean) => answer(api.PATCH('/api/company/webhooks/{id}', { params, body: { enabled } })), { changes });
  const test = useAction(() => answer(api.POST('/api/company/webhooks/{id}/test', { params })), { changes, done: t('hooks.tested') });
  return (
    <Panel title={hook.url} lead={hook.description} actions={<HookState hook={hook} />}>
      {hook.disabled_because && (
        <Alert color="red" variant="light" role="note">
          {t(`hooks.because.${hook.disabled_because}`)}
        </Alert>
      )}
      {hook.enabled && hook.failing_since && (
        <Alert color="yellow" variant="light" role="note">
          {t('hooks.failingSince', { at: exact(hook.failing_since) })}
        </Alert>
      )}
      {hook.previous_secret_until && (
        <Text size="sm" c="dimmed">
          {t('hooks.previousUntil', { at: exact(hook.previous_secret_until) })}
        </Text>
      )}
      <ProblemAlert error={turn.error ?? test.error} />
      <Group gap="xs">
        <Button variant="default" onClick={() => test.mutate()} loading={test.isPending} disabled={!hook.enabled}>
          {t('hooks.test')}
        </Button>
        <Button variant="default" onClick={() => turn.mutate(!hook.enabled)} loading={turn.isPending}>
          {t(hook.enabled ? 'hooks.disable' : 'hooks.enable')}
        </Button>
        <ConfirmButton
          size="sm"
          label={t('hooks.rotate')}
          title={t('hooks.rotateTitle')}
          changes={changes}
          run={async () => setSecret((await answer(api.POST('/api/company/webhooks/{id}/rotate-secret', { params }))).secret)}
        >
          {t('hooks.rotateText')}
        </ConfirmButton>
        <ConfirmButton
          size="sm"
          label={t('remove', { ns: 'common' })}
          title={t('hooks.removeTitle')}
          changes={[WEBHOOKS]}
          run={async () => {
            await answer(api.DELETE('/api/company/webhooks/{id}', { params }));
            // What was typed about it ends with it.
            await navigate({ to: '/webhooks', ignoreBlocker: true });
          }}
        >
          {t('hooks.removeText')}
        </ConfirmButton>
      </Group>
      <SecretOnce title={t('hooks.secret')} secret={secret} close={() => setSecret(undefined)} />
    </Panel>
  );
}

function Edit({ hook }: { hook: Schemas['Webhook'] }) {
  const { t } = useTranslation(['company', 'common']);
  const save = useAction(
    (body: Schemas['CreateWebhook']) => answer(api.PATCH('/api/company/webhooks/{id}', { params: { path: { id: hook.id } }, body })),
    { changes: [WEBHOOKS, webhookKey(hook.id)], done: t('saved', { ns: 'common' }) },
  );
  return (
    <Panel title={t('hooks.edit')}>
      <WebhookFields hook={hook} submit={t('save', { ns: 'common' })} action={save} />
    </Panel>
  );
}
