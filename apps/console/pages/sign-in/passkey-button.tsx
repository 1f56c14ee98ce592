import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client.js';
import { signInWithPasskey } from '../../api/passkeys.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';

export function PasskeyButton({ icon, after }: { icon: ReactNode; after: (tokens: Schemas['TokenResponse']) => void }) {
  const { t } = useTranslation('sign-in');
  const action = useAction(signInWithPasskey, { after });
  return (
    <>
      <Button variant="default" leftSection={icon} onClick={() => action.mutate()} loading={action.isPending}>
        {t('byPasskey')}
      </Button>
      <ProblemAlert error={action.error} />
    </>
  );
}
