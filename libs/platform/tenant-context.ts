import { createHmac } from 'node:crypto';
import { config } from './config.js';

/** Owns the audit events that belong to no company, such as sign-ins of unknown addresses. Never a company's id. */
export const NO_TENANT = '00000000-0000-0000-0000-000000000000';

const signed = (text: string) => `${text}.${createHmac('sha256', config.TENANT_KEY).update(text).digest('hex')}`;

/**
 * The value of the database setting `app.tenant`: `<uuid>.<hex hmac-sha256>`. `app.current_tenant()` checks the HMAC with a key
 * that the app's role cannot read, so that injected SQL cannot name another tenant.
 */
export const signTenant = (tenantId: string) => signed(tenantId);

/** Proof that we, and not injected SQL, ask the directory about this address or domain. */
export const signLookup = (text: string) => signed(`lookup:${text}`).slice(-64);
