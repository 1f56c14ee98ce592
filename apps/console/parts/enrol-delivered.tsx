import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../api/client.js';
import { ConfirmCode } from './confirm-code.js';
import type { Enrolment } from './enrol-factor.js';
import { ProblemAlert } from './problem-alert.js';
import { SendCode } from './send-code.js';
import { useAction } from './use-action.js';

interface Delivered {
  type: 'sms' | 'voice' | 'email' | 'telegram';
  /** None: the address is known. */
  asks: 'phone_number' | 'link' | null;
}

/** A factor whose codes are sent: to a phone, to the own address, or to a chat that the reader opens. */
export function EnrolDelivered({ type, asks, headers = {}, done }: Enrolment & Delivered) {
  const { t, i18n } = useTranslation();
  const takesNumber = asks === 'phone_number';
  const [recipient, setRecipient] = useState('');
  const [started, setStarted] = useState<Schemas['StartedFactor']>();
  const start = useAction(
    () =>
      answer(
        api.POST('/api/auth/mfa/factors', {
          body: { type, locale: i18n.language, ...(takesNumber && { recipient: recipient.trim() }) },
          headers,
        }),
      ),
    { after: setStarted },
  );
  if (!started)
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        <Stack>
          {takesNumber ? (
            <TextInput
              label={t('phone.label')}
              description={t('phone.hint')}
              type="tel"
              autoComplete="tel"
              required
              maxLength={40}
              autoFocus
              value={recipient}
              onChange={({ currentTarget }) => setRecipient(currentTarget.value)}
            />
          ) : (
            <Text size="sm">{t(type === 'email' ? 'enrol.emailHow' : 'enrol.telegramHow')}</Text>
          )}
          <ProblemAlert error={start.error} />
          <Button type="submit" loading={start.isPending}>
            {t(asks === 'link' ? 'enrol.telegramLink' : 'code.send')}
          </Button>
        </Stack>
      </form>
    );
  return (
    <Stack>
      {started.deep_link ? (
        <>
          <Text size="sm">{t('enrol.telegramOpen')}</Text>
          <Anchor href={started.deep_link} target="_blank" rel="noreferrer">
            {started.deep_link}
          </Anchor>
        </>
      ) : (
        <SendCode factorId={started.factor_id} headers={headers} first={started} />
      )}
      <ConfirmCode factorId={started.factor_id} headers={headers} done={done} />
    </Stack>
  );
}
