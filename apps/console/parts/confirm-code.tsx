import { Button, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client.js';
import { CodeField } from './code-field.js';
import type { Enrolment } from './enrol-factor.js';
import { ProblemAlert } from './problem-alert.js';
import { useAction } from './use-action.js';

/** The first code of a factor, which confirms it. */
export function ConfirmCode({ factorId, headers = {}, done }: Enrolment & { factorId: string }) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const confirm = useAction(
    () =>
      answer(api.POST('/api/auth/mfa/factors/{id}/confirm', { params: { path: { id: factorId } }, body: { code: code.trim() }, headers })),
    { after: ({ backup_codes }) => done(backup_codes) },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <Stack>
        <CodeField label={t('code.label')} value={code} onChange={({ currentTarget }) => setCode(currentTarget.value)} />
        <ProblemAlert error={confirm.error} />
        <Button type="submit" loading={confirm.isPending}>
          {t('enrol.confirm')}
        </Button>
      </Stack>
    </form>
  );
}
