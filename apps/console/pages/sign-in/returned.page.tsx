import { Button, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { Problem } from '../../api/problem.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { Door } from '../../shell/door.js';
import { goingOut } from './going-out.js';
import { useSteps } from './use-steps.js';

/** Where an identity provider sends people back to: the code is good once. */
export function ReturnedPage() {
  const { t } = useTranslation('sign-in');
  const { code, error } = useSearch({ from: '/door/sign-in/returned' });
  const go = useSteps();
  const [isMeant, setMeant] = useState(goingOut.wasBegunHere);
  const exchange = useQuery({
    queryKey: ['exchange', code],
    queryFn: () => answer(api.POST('/api/auth/oidc/exchange', { body: { code: code! } })),
    enabled: code !== undefined && isMeant,
    retry: false,
    staleTime: Infinity,
    gcTime: Infinity,
  });
  useEffect(() => {
    if (exchange.data) go(exchange.data);
  }, [exchange.data]);
  const failure = error ? new Problem(403, error, t('returned.failed')) : exchange.error;
  if (!code && !error) return <Navigate to="/sign-in" replace />;
  if (!failure && !isMeant)
    return (
      <Door title={t('returned.question')} lead={t('returned.questionLead')}>
        <Button onClick={() => setMeant(true)}>{t('returned.yes')}</Button>
        <Button component={Link} to="/sign-in" variant="default">
          {t('returned.no')}
        </Button>
        <Text size="xs" c="dimmed">
          {t('returned.why')}
        </Text>
      </Door>
    );
  return (
    <Door title={failure ? t('returned.failed') : t('returned.title')}>
      {failure ? (
        <>
          <ProblemAlert error={failure} />
          <Button component={Link} to="/sign-in">
            {t('returned.again')}
          </Button>
        </>
      ) : (
        <Loader mx="auto" aria-label={t('returned.title')} />
      )}
    </Door>
  );
}
