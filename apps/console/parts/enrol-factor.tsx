import { NavLink, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { passkeysWork } from '../api/passkeys.js';
import { EnrolDelivered } from './enrol-delivered.js';
import { EnrolPasskey } from './enrol-passkey.js';
import { EnrolTotp } from './enrol-totp.js';
import { iconOf, useFactorWords } from './factor-words.js';

export interface Enrolment {
  /** Of a sign-in that may set a factor up and no more. */
  headers?: Record<string, string>;
  /** With the backup codes that a first factor brings. */
  done: (backupCodes: string[] | undefined) => void;
}

const KINDS = ['webauthn', 'totp', 'sms', 'voice', 'email', 'telegram'] as const;
type Kind = (typeof KINDS)[number];

/** Chooses a kind of factor, and sets it up. `allowed`: what the company allows; null: everything. */
export function EnrolFactor({ allowed = null, ...enrolment }: Enrolment & { allowed?: string[] | null }) {
  const { t } = useTranslation();
  const words = useFactorWords();
  const [kind, setKind] = useState<Kind>();
  if (kind === 'totp') return <EnrolTotp {...enrolment} />;
  if (kind === 'webauthn') return <EnrolPasskey {...enrolment} />;
  if (kind) return <EnrolDelivered type={kind} {...enrolment} />;
  const offered = KINDS.filter((type) => (!allowed || allowed.includes(type)) && (type !== 'webauthn' || passkeysWork()));
  return (
    <Stack gap={4}>
      {offered.map((type) => {
        const Icon = iconOf(type);
        return (
          <NavLink
            key={type}
            component="button"
            type="button"
            label={words(type)}
            description={t(`enrol.${type}`)}
            leftSection={<Icon size={22} aria-hidden />}
            onClick={() => setKind(type)}
          />
        );
      })}
    </Stack>
  );
}
