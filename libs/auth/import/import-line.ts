import { z } from 'zod';
import { totpStateOf } from '@app/mfa';
import { canonicalEmail, email } from '@app/notifications';
import { fullName } from '../auth.contract.js';
import { parsePhoneNumber } from '../phone-number.js';
import { role } from '../users.contract.js';
import { type Refusal, readImportedHash } from './imported-hash.js';

/** One person, as a line of the file tells them. */
export interface ImportedPerson {
  email: string;
  emailCanonical: string;
  emailVerified: boolean;
  phoneNumber: string | null;
  fullName: string;
  role: z.output<typeof role>;
  isActive: boolean;
  createdAt: string | null;
  passwordHash: string | null;
  totp: { state: object; label: string | null } | null;
}

const line = z.strictObject({
  email,
  full_name: fullName.nullish(),
  role: role.default('user'),
  phone_number: z
    .string()
    .nullish()
    .refine((text) => text == null || parsePhoneNumber(text), 'must be an international number such as +34612345678'),
  email_verified: z.boolean().default(false),
  is_active: z.boolean().default(true),
  created_at: z.iso
    .datetime({ offset: true })
    .max(40)
    .nullish()
    .refine((text) => text == null || (Date.parse(text) >= 0 && Date.parse(text) <= Date.now()), 'must lie between 1970 and now'),
  password_hash: z.unknown().optional(),
  totp: z
    .strictObject({
      secret: z.string().max(200),
      // What the authenticator shows is what it was set up with: nothing here could be changed without the person.
      digits: z.literal(6, 'only 6 digits are supported').default(6),
      period: z.literal(30, 'only 30 seconds are supported').default(30),
      algorithm: z
        .string()
        .default('SHA1')
        .refine((name) => /^sha-?1$/i.test(name), 'only SHA1 is supported'),
      label: z.string().trim().min(1).max(100).nullish(),
    })
    .nullish(),
});

/** A person of the file, or why there is none in this line. What it says names fields, never what is in them. */
export function readImportLine(text: string): ImportedPerson | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { field: '(line)', reason: 'is not JSON' };
  }
  const { data, error } = line.safeParse(value);
  if (error) return refusalOf(error.issues[0]!);
  const hash = data.password_hash == null ? { stored: null } : readImportedHash(data.password_hash);
  if ('reason' in hash) return hash;
  const state = data.totp ? totpStateOf(data.totp.secret) : undefined;
  if (data.totp && !state) return { field: 'totp.secret', reason: 'is no secret of 80 to 512 bits in base32' };
  return {
    email: data.email,
    emailCanonical: canonicalEmail(data.email),
    emailVerified: data.email_verified,
    phoneNumber: data.phone_number == null ? null : (parsePhoneNumber(data.phone_number) ?? null),
    fullName: data.full_name ?? data.email,
    role: data.role,
    isActive: data.is_active,
    createdAt: data.created_at ?? null,
    passwordHash: hash.stored,
    totp: data.totp && state ? { state, label: data.totp.label ?? null } : null,
  };
}

/** Names of fields that nobody knows are the file's own words: only that there are some is said. */
function refusalOf({ code, path, message }: z.core.$ZodIssue): Refusal {
  const field = path.join('.') || '(line)';
  return { field, reason: code === 'unrecognized_keys' ? 'has a field that docs/import.md does not name' : message };
}
