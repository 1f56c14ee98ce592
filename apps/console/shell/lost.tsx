import { Button, Stack, Text } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { asProblem } from '../api/problem.js';
import { ProblemAlert } from '../parts/problem-alert.js';
import { Door } from './door.js';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Door title={t('notFound.title')}>
      <Text>{t('notFound.text')}</Text>
      <Button component={Link} to="/">
        {t('notFound.home')}
      </Button>
    </Door>
  );
}

/** The server did not answer, or a page broke. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <Door title={t('broken.title')}>
      <Stack>
        <ProblemAlert error={error} />
        <Button
          onClick={async () => {
            // A file of a page that could not be fetched is asked for again only by a new page.
            if (asProblem(error).code === 'console.unreachable' && (await isUp())) return window.location.reload();
            reset();
            await router.invalidate();
          }}
        >
          {t('again')}
        </Button>
      </Stack>
    </Door>
  );
}

const isUp = () =>
  fetch('/health/live').then(
    ({ ok }) => ok,
    () => false,
  );
