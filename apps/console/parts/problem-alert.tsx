import { Alert, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { asProblem, type Problem } from '../api/problem.js';
import { useRefusals } from './refusals.js';

/** A problem in the reader's language, found by its `code`; one that is not known yet, in the API's own words. */
export function useProblemText() {
  const { t, i18n } = useTranslation('errors');
  return (problem: Problem): string => {
    const key = problem.code.replace('.', '_') as 'console_failed';
    const text: string = i18n.exists(key, { ns: 'errors' }) ? t(key) : problem.message;
    return problem.retryAfter ? `${text} ${t('wait', { count: problem.retryAfter })}` : text;
  };
}

/** `fields`: whether the fields that were refused are listed, because no form shows them. */
export function ProblemAlert({ error, fields = true }: { error: unknown; fields?: boolean }) {
  const { t } = useTranslation('errors');
  const text = useProblemText();
  const refusal = useRefusals();
  if (!error) return null;
  const problem = asProblem(error);
  const detail =
    explained.has(problem.code) && problem.fields.length === 0 && problem.detail !== problem.message ? problem.detail : undefined;
  const unshown = fields ? problem.fields.filter(({ field }) => !problem.shown.includes(field)) : [];
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle aria-hidden />} w="100%">
      <Text size="sm">{text(problem)}</Text>
      {detail && (
        <Text size="sm" mt={4} lang="en">
          {detail}
        </Text>
      )}
      {unshown.length > 0 && (
        <List size="sm" mt={4}>
          {unshown.map(({ field, message }) => (
            <List.Item key={field + message}>{refusal(message)}</List.Item>
          ))}
        </List>
      )}
      {problem.status >= 500 && problem.requestId && (
        <Text size="xs" mt={4}>
          {t('request', { id: problem.requestId })}
        </Text>
      )}
    </Alert>
  );
}

/** Of these the API's own sentence says more than a catalogue can: which name is taken, which setting a vendor refused. */
const explained = new Set([
  'auth.weak_password',
  'identity.provider_refused',
  'notifications.refused_by_vendor',
  'notifications.recipient_refused',
]);
