import { Anchor } from '@mantine/core';
import { Link, Navigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, pending } from '../../api/client.js';
import { ProveFactor } from '../../parts/prove-factor.js';
import { Door } from '../../shell/door.js';
import { PoolStep } from './pool-step.js';
import { usePending, useSteps } from './use-steps.js';

/** The second step of a sign-in. Going back leads to the first. */
export function SecondFactorPage() {
  const { t } = useTranslation(['sign-in', 'common']);
  const waiting = usePending();
  const go = useSteps();
  if (!waiting) return <Navigate to="/sign-in" search={true} replace />;
  const headers = pending(waiting.token);
  return (
    <Door
      title={t('secondFactor.title')}
      lead={t('secondFactor.lead')}
      foot={
        <Anchor component={Link} to="/sign-in" search={true} size="sm">
          {t('secondFactor.back')}
        </Anchor>
      }
    >
      {waiting.nextStep ? (
        <PoolStep key={waiting.token} step={waiting.nextStep} factors={waiting.factors} headers={headers} after={go} />
      ) : (
        <ProveFactor
          key={waiting.token}
          factors={waiting.factors}
          headers={headers}
          rememberDays={waiting.rememberDays}
          submit={t('signIn')}
          run={(body) => answer(api.POST('/api/auth/verify-mfa', { body, headers }))}
          after={go}
        />
      )}
    </Door>
  );
}
