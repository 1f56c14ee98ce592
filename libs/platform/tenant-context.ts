import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { config } from './config.js';

/** Owns the audit events that belong to no company, such as sign-ins of unknown addresses. Never a company's id. */
export const NO_TENANT = '00000000-0000-0000-0000-000000000000';

let tenantKey: KeyObject | undefined;
const signed = (text: string) =>
  `${text}.${createHmac('sha256', (tenantKey ??= createSecretKey(config.TENANT_KEY)))
    .update(text)
    .digest('hex')}`;

/** A company's signature never changes while the key stands, and every request needs it. */
const REMEMBERED = 10_000;
const remembered = new Map<string, string>();

/**
 * The value of the database setting `app.tenant`: `<uuid>.<hex hmac-sha256>`. `app.current_tenant()` checks the HMAC with a key
 * that the app's role cannot read, so that injected SQL cannot name another tenant.
 */
export function signTenant(tenantId: string): string {
  const known = remembered.get(tenantId);
  if (known) return known;
  const fresh = signed(tenantId);
  if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value!);
  remembered.set(tenantId, fresh);
  return fresh;
}

/** Proof that a signing key is of our making. */
export const signKey = (id: string) => signed(`signing key ${id}`).slice(-64);

/** Proof that the sealer asks for events of all companies. */
export const signSealer = () => signed('audit sealer').slice(-64);

/** Proof that the relay asks what is due of all companies. */
export const signDue = () => signed('due').slice(-64);

/** Proof that we, and not injected SQL, ask the directory about this address or domain. */
export const signLookup = (text: string) => signed(`lookup:${text}`).slice(-64);

/** Proof that we ask for mail on somebody's behalf. */
export const signMail = (id: string) => signed(`mail ${id}`).slice(-64);
