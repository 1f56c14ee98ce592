import { Button, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Deed } from './deed.js';
import { PEOPLE, personKey } from './keys.js';

/** Whether, and with what, the person gets in. */
export function PersonAccess({ person }: { person: Schemas['User'] }) {
  const { t } = useTranslation('people');
  const params = { path: { id: person.id } };
  const changes = [PEOPLE, personKey(person.id)];
  const activate = useAction(() => answer(api.POST('/api/users/{id}/activate', { params })), { changes, done: t('access.activated') });
  const name = person.full_name;
  return (
    <Panel title={t('access.title')}>
      <Stack gap="lg">
        {person.is_active ? (
          <Deed title={t('access.deactivate')} text={t('access.deactivateText')}>
            <ConfirmButton
              size="sm"
              label={t('access.deactivate')}
              title={t('access.deactivateTitle', { name })}
              changes={changes}
              run={() => answer(api.POST('/api/users/{id}/deactivate', { params }))}
            >
              {t('access.deactivateAsk')}
            </ConfirmButton>
          </Deed>
        ) : (
          <Deed title={t('access.activate')} text={t('access.activateText')}>
            <Button variant="default" onClick={() => activate.mutate()} loading={activate.isPending}>
              {t('access.activate')}
            </Button>
          </Deed>
        )}
        <ProblemAlert error={activate.error} />
        <Deed title={t('access.reset')} text={t(person.mfa_enabled ? 'access.resetText' : 'access.resetNone')}>
          {person.mfa_enabled && (
            <ConfirmButton
              size="sm"
              label={t('access.reset')}
              title={t('access.resetTitle', { name })}
              changes={changes}
              run={() => answer(api.POST('/api/users/{id}/mfa/reset', { params }))}
            >
              {t('access.resetAsk')}
            </ConfirmButton>
          )}
        </Deed>
      </Stack>
    </Panel>
  );
}
