import { Alert, Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { ME } from '../../shell/use-me.js';
import { AnotherLink } from './another-link.js';
import { LinkMissing } from './link-missing.js';
import { isSpent, LinkSpent } from './link-spent.js';
import { useLinkToken } from './link-token.js';

/** Confirms an address, new or changed, when the reader says so: programs that open links in mails confirm nothing. */
export function VerifyEmailPage() {
  const { t } = useTranslation('sign-in');
  const token = useLinkToken();
  const verify = useAction(() => answer(api.POST('/api/auth/verify-email', { body: { token: token! } })), { changes: [ME] });
  if (!token) return <LinkMissing />;
  if (isSpent(verify.error))
    return (
      <LinkSpent error={verify.error}>
        <AnotherLink />
      </LinkSpent>
    );
  return (
    <Door title={t('verifyPage.title')} lead={verify.isSuccess ? undefined : t('verifyPage.lead')}>
      {verify.isSuccess ? (
        <>
          <Alert role="status">{t('verifyPage.done')}</Alert>
          <Button component={Link} to="/">
            {t('verifyPage.go')}
          </Button>
        </>
      ) : (
        <>
          <ProblemAlert error={verify.error} />
          <Button onClick={() => verify.mutate()} loading={verify.isPending}>
            {t('verifyPage.submit')}
          </Button>
        </>
      )}
    </Door>
  );
}
