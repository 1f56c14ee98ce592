import type { AuthenticationResponseJSON } from '@simplewebauthn/browser';
import { Button, Checkbox, NavLink, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { provePasskey } from '../api/passkeys.js';
import { CodeField } from './code-field.js';
import { byStrength, iconOf, useFactorWords } from './factor-words.js';
import { ProblemAlert } from './problem-alert.js';
import { SendCode } from './send-code.js';
import { useAction } from './use-action.js';

export interface Provable {
  id: string;
  type: string;
  label: string | null;
  recipient_masked: string | null;
}
/** What proves a factor: a code that was typed, or what a passkey signed. */
export type Proof = { factor_id?: string; code?: string; credential?: AuthenticationResponseJSON; remember_device?: boolean };

const isSent = (type: string) => ['sms', 'voice', 'email', 'telegram'].includes(type);

/** Lets the reader choose one of their factors and answer it. */
export function ProveFactor<D>({
  factors,
  headers = {},
  rememberDays = 0,
  submit,
  run,
  after,
}: {
  factors: Provable[];
  headers?: Record<string, string>;
  rememberDays?: number;
  submit: ReactNode;
  run: (proof: Proof) => Promise<D>;
  after: (answer: D) => void;
}) {
  const { t } = useTranslation();
  const words = useFactorWords();
  const sorted = factors.toSorted(byStrength);
  const [chosen, setChosen] = useState(sorted[0]?.id);
  const [choosing, setChoosing] = useState(false);
  const [hasChosen, setHasChosen] = useState(false);
  const [code, setCode] = useState('');
  const [remember, setRemember] = useState(false);
  const factor = sorted.find(({ id }) => id === chosen) ?? sorted[0];
  const prove = useAction(
    async () => {
      const kept = remember ? { remember_device: true } : {};
      if (factor?.type === 'webauthn') return run({ credential: await provePasskey(factor.id, headers), ...kept });
      return run({ code: code.trim(), ...(factor && factor.type !== 'backup_codes' && { factor_id: factor.id }), ...kept });
    },
    { after },
  );
  if (!factor) return <Text>{t('code.noFactor')}</Text>;
  const named = ({ type, label, recipient_masked }: Provable) => recipient_masked ?? (label && label !== words(type) ? label : undefined);

  if (choosing)
    return (
      <Stack gap={4} role="group" aria-label={t('code.choose')}>
        {sorted.map((option) => {
          const Icon = iconOf(option.type);
          return (
            <NavLink
              key={option.id}
              component="button"
              type="button"
              label={words(option.type)}
              description={named(option)}
              leftSection={<Icon size={20} aria-hidden />}
              active={option.id === factor.id}
              autoFocus={option.id === factor.id}
              onClick={() => {
                setChosen(option.id);
                setChoosing(false);
                setHasChosen(true);
                setCode('');
                prove.reset();
              }}
            />
          );
        })}
      </Stack>
    );

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        prove.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          <b>{words(factor.type)}</b>
          {named(factor) && <> · {named(factor)}</>}
        </Text>
        {isSent(factor.type) && <SendCode key={factor.id} factorId={factor.id} headers={headers} atOnce={sorted.length <= 2} />}
        {factor.type === 'webauthn' ? (
          <Text size="sm" c="dimmed">
            {t('code.passkeyHint')}
          </Text>
        ) : (
          <CodeField
            key={factor.id}
            label={t(factor.type === 'backup_codes' ? 'code.backupLabel' : 'code.label')}
            description={factor.type === 'totp' ? t('code.totpHint') : undefined}
            letters={factor.type === 'backup_codes'}
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
            autoFocus
          />
        )}
        {rememberDays > 0 && (
          <Checkbox
            label={t('code.remember', { count: rememberDays })}
            checked={remember}
            onChange={({ currentTarget }) => setRemember(currentTarget.checked)}
          />
        )}
        <ProblemAlert error={prove.error} />
        <Button type="submit" loading={prove.isPending} autoFocus={hasChosen && factor.type === 'webauthn'}>
          {submit}
        </Button>
        {sorted.length > 1 && (
          <Button variant="subtle" onClick={() => setChoosing(true)}>
            {t('code.other')}
          </Button>
        )}
      </Stack>
    </form>
  );
}
