import { Button, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../api/client.js';
import { asProblem } from '../api/problem.js';
import { ProblemAlert } from './problem-alert.js';
import { useAction } from './use-action.js';
import { useCountdown } from './use-countdown.js';

type Sent = Pick<Schemas['StartedFactor'], 'recipient_masked' | 'resend_after'>;

/** Sends the code of a factor, and again after a while. `first`: one that went out already. */
export function SendCode({
  factorId,
  headers = {},
  first,
  atOnce = false,
}: {
  factorId: string;
  headers?: Record<string, string>;
  first?: Sent | undefined;
  atOnce?: boolean;
}) {
  const { t } = useTranslation();
  const [sent, setSent] = useState<Sent | undefined>(first);
  const [again, setAgain] = useState<number | undefined>(first?.resend_after ? Date.parse(first.resend_after) : undefined);
  const seconds = useCountdown(again);
  const send = useAction(() => answer(api.POST('/api/auth/mfa/challenge', { body: { factor_id: factorId }, headers })), {
    after: (code) => {
      setSent(code as Sent);
      setAgain(Date.parse((code as Sent).resend_after!));
    },
  });
  const wait = send.error ? asProblem(send.error).retryAfter : undefined;
  useEffect(() => {
    if (wait) setAgain(Date.now() + wait * 1000);
  }, [wait, send.error]);
  const began = useRef(false);
  useEffect(() => {
    if (atOnce && !began.current) send.mutate();
    began.current = true;
  }, [atOnce, send]);
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {sent ? t('code.sentTo', { recipient: sent.recipient_masked }) : wait === undefined && t('code.notSent')}
      </Text>
      <ProblemAlert error={send.error} />
      <Button variant="default" onClick={() => send.mutate()} loading={send.isPending} disabled={seconds > 0}>
        {seconds > 0 ? t('code.againIn', { count: seconds }) : sent ? t('code.again') : t('code.send')}
      </Button>
    </Stack>
  );
}
