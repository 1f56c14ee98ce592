import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../../api/problem.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { Door } from '../../shell/door.js';

export const isSpent = (error: unknown) => error != null && asProblem(error).code === 'auth.invalid_link';

/** A mail's link that opens nothing any more. To press the same button again would change nothing: `children` says what would. */
export function LinkSpent({ error, children }: { error: unknown; children?: ReactNode }) {
  const { t } = useTranslation('sign-in');
  return (
    <Door title={t('link.spent')}>
      <ProblemAlert error={error} />
      {children}
      <Button component={Link} to="/sign-in" variant="default">
        {t('link.toSignIn')}
      </Button>
    </Door>
  );
}
