import { defineEntity, p } from '@mikro-orm/core';
import { seal, statement, tenantOwned, unseal } from '@app/platform';
import type { OutsideIdentity } from './open-id.js';

const schema = defineEntity({
  name: 'IdentityFlow',
  tableName: 'identity_flow',
  ...tenantOwned({
    providerId: p.uuid(),
    userId: p.uuid().nullable(),
    sealed: p.text(),
    inCookie: p.boolean(),
    expiresAt: p.datetime(),
  }),
});

/** Somebody on their way to a provider and back. Written by the database's functions alone. */
export class IdentityFlow extends schema.class {}
schema.setClass(IdentityFlow);

/** What only we know of somebody who is away. */
export interface Departure {
  verifier: string;
  nonce: string;
  returnTo: string | null;
  /** The provider as it was asked: when its settings lead elsewhere meanwhile, nobody comes back. */
  issuer: string;
  clientId: string;
}

const place = (tenantId: string, flowId: string, step: string) => ({ tenant: tenantId, row: flowId, purpose: `identity-flow ${step}` });
export const sealDeparture = (tenantId: string, flowId: string, away: Departure) =>
  seal(JSON.stringify(away), place(tenantId, flowId, 'away'));
export const openDeparture = (tenantId: string, flowId: string, sealed: string) =>
  JSON.parse(unseal(sealed, place(tenantId, flowId, 'away'))) as Departure;
export const sealArrival = (tenantId: string, flowId: string, identity: OutsideIdentity) =>
  seal(JSON.stringify(identity), place(tenantId, flowId, 'back'));
export const openArrival = (tenantId: string, flowId: string, sealed: string) =>
  JSON.parse(unseal(sealed, place(tenantId, flowId, 'back'))) as OutsideIdentity;

export const FIND_COMPANY = statement<{ tenant_id: string | null }>('company_find', 'select app.company_find($1, $2) as tenant_id');
export const BEGIN_FLOW = statement<{ until: Date }>(
  'identity_flow_begin',
  'select app.identity_flow_begin($1, $2, $3, $4, $5, $6, $7, $8, $9) as until',
);
export const RETURN_FLOW = statement<{ sealed: string | null }>(
  'identity_flow_return',
  'select app.identity_flow_return($1, $2, $3, $4, $5) as sealed',
);
export const ARRIVE_FLOW = statement<{ done: boolean }>(
  'identity_flow_arrive',
  'select app.identity_flow_arrive($1, $2, $3, $4, $5) as done',
);
export const REDEEM_FLOW = statement<{ sealed: string; provider_id: string }>(
  'identity_flow_redeem',
  'select * from app.identity_flow_redeem($1, $2, $3, $4, $5)',
);
