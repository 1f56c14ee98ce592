import { Alert, Button, Group, Stack } from '@mantine/core';
import { IconArrowForward, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { CodeField } from '../../parts/code-field.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { useCountdown } from '../../parts/use-countdown.js';

/** What can be done about a code while it is good. */
export function VerificationActions({ verification: { id, resend_after, workflow, step } }: { verification: Schemas['Verification'] }) {
  const { t } = useTranslation(['insight', 'common']);
  const path = { params: { path: { id } } };
  const changes = [['verification', id], ['verifications']];
  const resend = useAction(() => answer(api.POST('/api/verifications/{id}/resend', path)), { changes, done: t('verification.resent') });
  const next = useAction(() => answer(api.POST('/api/verifications/{id}/next', path)), { changes, done: t('verification.resent') });
  const wait = useCountdown(Date.parse(resend_after));
  return (
    <Panel title={t('verification.actions')}>
      <Check id={id} changes={changes} />
      <ProblemAlert error={resend.error ?? next.error} />
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={() => resend.mutate()}
          loading={resend.isPending}
          disabled={wait > 0}
        >
          {wait > 0 ? t('code.againIn', { ns: 'common', count: wait }) : t('code.again', { ns: 'common' })}
        </Button>
        {step + 1 < workflow.length && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconArrowForward size={14} aria-hidden />}
            onClick={() => next.mutate()}
            loading={next.isPending}
          >
            {t('verification.next', { channel: t(`channels.${workflow[step + 1]!.channel}`, { ns: 'common' }) })}
          </Button>
        )}
        <ConfirmButton
          label={t('verification.cancel')}
          title={t('verification.cancelTitle')}
          changes={changes}
          run={() => answer(api.DELETE('/api/verifications/{id}', path))}
        >
          {t('verification.cancelText')}
        </ConfirmButton>
      </Group>
    </Panel>
  );
}

function Check({ id, changes }: { id: string; changes: readonly (readonly unknown[])[] }) {
  const { t } = useTranslation('insight');
  const [code, setCode] = useState('');
  const check = useAction(() => answer(api.POST('/api/verifications/{id}/check', { params: { path: { id } }, body: { code } })), {
    changes,
    after: ({ valid }) => !valid && setCode(''),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
    >
      <Stack gap="xs" align="flex-start">
        <Group align="flex-end" gap="xs">
          <CodeField
            letters
            label={t('verification.code')}
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
            maw={220}
          />
          <Button type="submit" size="md" variant="default" loading={check.isPending}>
            {t('verification.check')}
          </Button>
        </Group>
        <div aria-live="polite">
          {check.data && !check.data.valid && (
            <Alert color="red" variant="light">
              {t('verification.wrong')}
            </Alert>
          )}
        </div>
        <ProblemAlert error={check.error} />
      </Stack>
    </form>
  );
}
