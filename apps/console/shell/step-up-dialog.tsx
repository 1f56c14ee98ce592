import { Button, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client.js';
import { session } from '../api/session.js';
import { stepUp } from '../api/step-up.js';
import { Loaded } from '../parts/loaded.js';
import { PasswordField } from '../parts/password-field.js';
import { ProblemAlert } from '../parts/problem-alert.js';
import { ProveFactor } from '../parts/prove-factor.js';
import { useAction } from '../parts/use-action.js';
import { useFocusHere } from '../parts/use-focus-here.js';

/** Asks for a fresh proof when a route wants one, wherever the reader is; the request that asked then goes on. */
export function StepUpDialog() {
  const { t } = useTranslation();
  // It goes without being closed, as one does that gives the focus back.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        if (document.activeElement === document.body && before instanceof HTMLElement) before.focus({ preventScroll: true });
      });
    },
    [before],
  );
  return (
    <Modal
      opened
      onClose={() => stepUp.settle(false)}
      title={t('stepUp.title')}
      centered
      zIndex={400}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Proof />
    </Modal>
  );
}

function Proof() {
  const { t } = useTranslation();
  const factors = useQuery({ queryKey: ['factors'], queryFn: () => answer(api.GET('/api/auth/mfa/factors')) });
  const after = (tokens: { access_token: string; expires_in: number }) => {
    session.accept(tokens);
    stepUp.settle(true);
  };
  return (
    <Stack>
      <Text size="sm">{t('stepUp.lead')}</Text>
      <Loaded query={factors}>
        {({ data }) => {
          const usable = data.filter(({ confirmed, disabled }) => confirmed && !disabled);
          if (usable.length === 0) return <Password after={after} />;
          return (
            <Begun>
              <ProveFactor
                factors={usable}
                submit={t('stepUp.submit')}
                run={({ remember_device: _, ...body }) => answer(api.POST('/api/auth/step-up', { body }))}
                after={after}
              />
            </Begun>
          );
        }}
      </Loaded>
    </Stack>
  );
}

/** The dialog was open before it was known what it asks: the focus stands on what closes it, and goes on. */
function Begun({ children }: { children: ReactNode }) {
  const here = useFocusHere<HTMLDivElement>();
  return (
    <div ref={here} tabIndex={-1} data-autofocus style={{ outline: 'none' }}>
      {children}
    </div>
  );
}

function Password({ after }: { after: (tokens: { access_token: string; expires_in: number }) => void }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const prove = useAction(() => answer(api.POST('/api/auth/step-up', { body: { password } })), { after });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        prove.mutate();
      }}
    >
      <Stack>
        <PasswordField
          kind="current"
          label={t('stepUp.password')}
          autoFocus
          data-autofocus
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <ProblemAlert error={prove.error} />
        <Button type="submit" loading={prove.isPending}>
          {t('stepUp.submit')}
        </Button>
      </Stack>
    </form>
  );
}
