import { Button, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core';
import { IconInbox } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../api/problem.js';
import { ProblemAlert } from './problem-alert.js';

/** As much of a query as is needed here, be it of one answer or of pages. */
interface Question<T> {
  data: T | undefined;
  error: unknown;
  isFetching: boolean;
  refetch: () => unknown;
}

/** A question to the API, in each of its states: on its way, failed, answered with nothing, answered. */
export function Loaded<T>({
  query,
  rows = 3,
  isEmpty,
  empty,
  children,
}: {
  query: Question<T>;
  /** Lines that stand in while it is on its way: about as many as will come. */
  rows?: number;
  isEmpty?: (data: T) => boolean;
  /** What is said, and offered, when there is nothing. */
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const { t } = useTranslation();
  if (query.data !== undefined) return isEmpty?.(query.data) ? empty : children(query.data);
  if (isNothing(query.error)) return <Empty title={t('notFound.title')}>{t('notFound.text')}</Empty>;
  if (query.error)
    return (
      <Stack align="flex-start">
        <ProblemAlert error={query.error} />
        {asProblem(query.error).code === 'auth.mfa_enrollment_required' && (
          <Button component={Link} to="/account/security">
            {t('setUpFactor')}
          </Button>
        )}
        <Button variant="default" onClick={() => void query.refetch()} loading={query.isFetching}>
          {t('again')}
        </Button>
      </Stack>
    );
  return (
    <Stack gap="sm" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, at) => (
        <Skeleton key={at} height={44} />
      ))}
    </Stack>
  );
}

/** What the address names is not there, or is no name at all: asking again changes nothing. */
const isNothing = (error: unknown) => {
  const { status, code, fields } = asProblem(error);
  return error != null && (status === 404 || (code === 'request.invalid' && fields.some(({ field }) => field === 'id')));
};

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <ThemeIcon variant="light" size="xl" radius="xl" aria-hidden>
        <IconInbox size={22} />
      </ThemeIcon>
      <Text fw={600}>{title}</Text>
      {children && (
        <Text c="dimmed" size="sm" maw="28rem">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
