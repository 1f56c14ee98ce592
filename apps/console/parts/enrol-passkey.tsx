import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client.js';
import { createPasskey } from '../api/passkeys.js';
import type { Enrolment } from './enrol-factor.js';
import { ProblemAlert } from './problem-alert.js';
import { useAction } from './use-action.js';

export function EnrolPasskey({ headers = {}, done }: Enrolment) {
  const { t, i18n } = useTranslation();
  const [label, setLabel] = useState('');
  const create = useAction(
    async () => {
      const named = label.trim() ? { label: label.trim() } : {};
      const { factor_id, webauthn } = await answer(
        api.POST('/api/auth/mfa/factors', { body: { type: 'webauthn', locale: i18n.language, ...named }, headers }),
      );
      const credential = await createPasskey(webauthn);
      return answer(api.POST('/api/auth/mfa/factors/{id}/confirm', { params: { path: { id: factor_id } }, body: { credential }, headers }));
    },
    { after: ({ backup_codes }) => done(backup_codes) },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <Text size="sm">{t('passkey.lead')}</Text>
        <TextInput
          label={t('passkey.name')}
          description={t('passkey.nameHint')}
          maxLength={100}
          value={label}
          onChange={({ currentTarget }) => setLabel(currentTarget.value)}
        />
        <ProblemAlert error={create.error} />
        <Button type="submit" loading={create.isPending}>
          {t('passkey.create')}
        </Button>
      </Stack>
    </form>
  );
}
