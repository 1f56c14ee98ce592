import { Button, Code, Image, NavLink, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { CodeField } from '../../parts/code-field.js';
import { iconOf, useFactorWords } from '../../parts/factor-words.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import type { Provable } from '../../parts/prove-factor.js';
import { useAction } from '../../parts/use-action.js';

/** What the company's own user pool asks for: a code, a choice, a new password, or to set an authenticator up there. */
export function PoolStep({
  step,
  factors,
  headers,
  after,
}: {
  step: Schemas['NextStep'];
  factors: Provable[];
  headers: Record<string, string>;
  after: (tokens: Schemas['TokenResponse']) => void;
}) {
  const { t } = useTranslation(['sign-in', 'common']);
  const words = useFactorWords();
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [attributes, setAttributes] = useState<Record<string, string>>({});
  const send = useAction((body: Schemas['VerifyMfa']) => answer(api.POST('/api/auth/verify-mfa', { body, headers })), { after });

  if (step.type === 'choice')
    return (
      <Stack gap={4}>
        {factors.map(({ id, type, label, recipient_masked }) => {
          const Icon = iconOf(type);
          return (
            <NavLink
              key={id}
              component="button"
              type="button"
              label={words(type)}
              description={recipient_masked ?? label}
              leftSection={<Icon size={20} aria-hidden />}
              onClick={() => send.mutate({ factor_id: id })}
            />
          );
        })}
        <ProblemAlert error={send.error} />
      </Stack>
    );

  const isPassword = step.type === 'new_password';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate(isPassword ? { new_password: password, attributes } : { code: code.trim() });
      }}
    >
      <Stack>
        {step.authenticator && (
          <>
            <Text size="sm">{t('pool.setUp')}</Text>
            <Image src={step.authenticator.qr_code} alt={t('common:totp.qr')} w={200} h={200} mx="auto" />
            <Code block>{step.authenticator.manual_entry_key}</Code>
          </>
        )}
        {isPassword ? (
          <>
            <Text size="sm">{t('pool.newPassword')}</Text>
            <PasswordField
              kind="new"
              label={t('newPassword')}
              // How long it must be, the directory says.
              description={undefined}
              value={password}
              onChange={({ currentTarget }) => setPassword(currentTarget.value)}
            />
            {step.required_attributes?.map((name) => (
              <TextInput
                key={name}
                label={name}
                required
                value={attributes[name] ?? ''}
                onChange={({ currentTarget }) => setAttributes((all) => ({ ...all, [name]: currentTarget.value }))}
              />
            ))}
          </>
        ) : (
          <CodeField label={t('common:code.label')} value={code} onChange={({ currentTarget }) => setCode(currentTarget.value)} autoFocus />
        )}
        <ProblemAlert error={send.error} />
        <Button type="submit" loading={send.isPending}>
          {t('signIn')}
        </Button>
      </Stack>
    </form>
  );
}
