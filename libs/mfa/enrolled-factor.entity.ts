import { defineEntity, p } from '@mikro-orm/core';
import { mac, seal, tenantOwned, unseal } from '@app/platform';

const schema = defineEntity({
  name: 'EnrolledFactor',
  tableName: 'mfa_factor',
  ...tenantOwned({
    userId: p.uuid(),
    type: p.string(),
    label: p.string().nullable(),
    /** Sealed JSON: the factor's own state. */
    state: p.text(),
    /** Of those that a person may have several of: what the credential is found by. */
    credentialMac: p.blob().nullable().lazy(),
    /** Where codes are sent to, as it may be shown and as it is found; null where none are. */
    recipientMasked: p.text().nullable(),
    recipientMac: p.text().nullable(),
    /** The code that is out, or was last. Written by the database's functions alone. */
    verificationId: p.uuid().nullable(),
    /** Grows with every state: a code is accepted only from the state it was checked against. */
    version: p.integer().default(0),
    failures: p.integer().default(0),
    confirmedAt: p.datetime().nullable(),
    disabledAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
  }),
});

/** A factor that one person has set up. It counts once confirmed, and rests once disabled. */
export class EnrolledFactor extends schema.class {}
schema.setClass(EnrolledFactor);

/** The same in every company: a credential is found before anybody knows whose it is. */
export const credentialMac = (id: string) => mac('credential', id);

const place = (tenantId: string, factorId: string) => ({ tenant: tenantId, row: factorId, purpose: 'factor-state' });

export const sealState = (tenantId: string, factorId: string, state: object) => seal(JSON.stringify(state), place(tenantId, factorId));
export const openState = (tenantId: string, factorId: string, sealed: string) =>
  JSON.parse(unseal(sealed, place(tenantId, factorId))) as object;
