import { Anchor, Button, Stack } from '@mantine/core';
import { Link, Navigate, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pending } from '../../api/client.js';
import { BackupCodes } from '../../parts/backup-codes.js';
import { EnrolFactor } from '../../parts/enrol-factor.js';
import { Door } from '../../shell/door.js';
import { flow } from './flow.js';
import { usePending } from './use-steps.js';

/** For whoever must have a second factor and has none: sets one up, and signs in with it. */
export function SetUpPage() {
  const { t } = useTranslation(['sign-in', 'common']);
  const navigate = useNavigate();
  const waiting = usePending();
  const [codes, setCodes] = useState<string[]>();
  const [isDone, setDone] = useState(false);
  if (!waiting) return <Navigate to="/sign-in" search={true} replace />;
  const leave = () => {
    flow.end();
    void navigate({ to: '/sign-in', search: true });
  };
  if (isDone)
    return (
      <Door title={t('setUp.done')} lead={t('setUp.signInAgain')} wide>
        <Stack>
          {codes && <BackupCodes codes={codes} />}
          <Button onClick={leave}>{t('setUp.toSignIn')}</Button>
        </Stack>
      </Door>
    );
  return (
    <Door
      title={t('setUp.title')}
      lead={t('setUp.lead')}
      wide
      foot={
        <Anchor component={Link} to="/sign-in" search={true} size="sm">
          {t('secondFactor.back')}
        </Anchor>
      }
    >
      <EnrolFactor
        allowed={waiting.types}
        headers={pending(waiting.token)}
        done={(backupCodes) => {
          setCodes(backupCodes);
          setDone(true);
        }}
      />
    </Door>
  );
}
