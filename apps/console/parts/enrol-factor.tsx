import { NavLink, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../api/client.js';
import { passkeysWork } from '../api/passkeys.js';
import { EnrolDelivered } from './enrol-delivered.js';
import { EnrolPasskey } from './enrol-passkey.js';
import { EnrolTotp } from './enrol-totp.js';
import { iconOf, useFactorWords } from './factor-words.js';
import { Loaded } from './loaded.js';
import { useFocusHere } from './use-focus-here.js';

export interface Enrolment {
  /** Of a sign-in that may set a factor up and no more. */
  headers?: Record<string, string>;
  /** With the backup codes that a first factor brings. */
  done: (backupCodes: string[] | undefined) => void;
}

type Offer = Schemas['FactorList']['offered'][number];

const KINDS = ['webauthn', 'totp', 'sms', 'voice', 'email', 'telegram'] as const;
type Kind = (typeof KINDS)[number];

/** Chooses one of the kinds of factor that the company offers, and sets it up. `allowed`: those that satisfy its policy; null: all. */
export function EnrolFactor({ allowed = null, ...enrolment }: Enrolment & { allowed?: string[] | null }) {
  const { headers = {} } = enrolment;
  const [kind, setKind] = useState<Kind>();
  const factors = useQuery({ queryKey: ['factors', 'offered'], queryFn: () => answer(api.GET('/api/auth/mfa/factors', { headers })) });
  return (
    <Loaded query={factors} rows={4}>
      {({ offered }) =>
        kind ? (
          <Begun kind={kind} asks={offered.find(({ type }) => type === kind)?.recipient ?? null} {...enrolment} />
        ) : (
          <Kinds offered={offered.filter(({ type }) => !allowed || allowed.includes(type))} choose={setKind} />
        )
      }
    </Loaded>
  );
}

function Begun({ kind, asks, ...enrolment }: Enrolment & { kind: Kind; asks: Offer['recipient'] }) {
  const words = useFactorWords();
  const here = useFocusHere<HTMLDivElement>();
  return (
    <div ref={here} tabIndex={-1} role="group" aria-label={words(kind)} style={{ outline: 'none' }}>
      {kind === 'totp' && <EnrolTotp {...enrolment} />}
      {kind === 'webauthn' && <EnrolPasskey {...enrolment} />}
      {kind !== 'totp' && kind !== 'webauthn' && <EnrolDelivered type={kind} asks={asks} {...enrolment} />}
    </div>
  );
}

function Kinds({ offered, choose }: { offered: Offer[]; choose: (kind: Kind) => void }) {
  const { t } = useTranslation();
  const words = useFactorWords();
  const kinds = KINDS.filter((kind) => offered.some(({ type }) => type === kind) && (kind !== 'webauthn' || passkeysWork()));
  return (
    <Stack gap={4}>
      {kinds.map((type) => {
        const Icon = iconOf(type);
        return (
          <NavLink
            key={type}
            component="button"
            type="button"
            label={words(type)}
            description={t(`enrol.${type}`)}
            leftSection={<Icon size={22} aria-hidden />}
            onClick={() => choose(type)}
          />
        );
      })}
    </Stack>
  );
}
