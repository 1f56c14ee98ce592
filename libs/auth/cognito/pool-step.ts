import { v7 as uuidv7 } from 'uuid';
import { seal, statement, unseal } from '@app/platform';
import type { PoolChallenge } from './user-pool.js';

/** A sign-in that a pool wants to know more about. Sealed: the pool's session is as good as the password that began it. */
export interface PoolStep extends PoolChallenge {
  /** As the sign-in was counted for. */
  address: string;
  deviceName: string | null;
  amr: string[];
  /** What was proved to the pool beside the password; or set up there in this very sign-in. */
  secondFactor: 'proven' | 'enrolled' | null;
  /** A password of ours was compared with what was typed. */
  comparedHere: boolean;
  /** Of the password, where it is to be kept here. */
  newHash: string | null;
  /** What may be chosen from, or answered: our id, and the pool's word. */
  ways: { id: string; name: string; masked: string | null }[];
}

/** Codes that a pool asks for: how the answer is called there, what kind of factor it is here, and its method (RFC 8176). */
export const CODES: Record<string, { response: string; type: string; amr: string }> = {
  SOFTWARE_TOKEN_MFA: { response: 'SOFTWARE_TOKEN_MFA_CODE', type: 'totp', amr: 'otp' },
  SMS_MFA: { response: 'SMS_MFA_CODE', type: 'sms', amr: 'sms' },
  SMS_OTP: { response: 'SMS_OTP_CODE', type: 'sms', amr: 'sms' },
  EMAIL_OTP: { response: 'EMAIL_OTP_CODE', type: 'email', amr: 'otp' },
};

/** The ways that a challenge leaves open: one to choose from, or the one that a code comes by. */
export function waysOf({ name, parameters }: Pick<PoolChallenge, 'name' | 'parameters'>): PoolStep['ways'] {
  if (name === 'SELECT_MFA_TYPE')
    return words(parameters.MFAS_CAN_CHOOSE)
      .filter((way) => way in CODES)
      .map((way) => ({ id: uuidv7(), name: way, masked: null }));
  return name in CODES ? [{ id: uuidv7(), name, masked: parameters.CODE_DELIVERY_DESTINATION?.slice(0, 100) ?? null }] : [];
}

/** Names of attributes that a new password must come with. */
export const attributesOf = ({ parameters }: Pick<PoolChallenge, 'parameters'>): string[] =>
  words(parameters.requiredAttributes).map((name) => name.replace(/^userAttributes\./, ''));

/** A list in JSON, as Cognito writes them into its parameters. */
export function words(text: string | undefined): string[] {
  try {
    const read: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(read) ? read.filter((one) => typeof one === 'string').slice(0, 50) : [];
  } catch {
    return [];
  }
}

const place = (tenantId: string, flowId: string) => ({ tenant: tenantId, row: flowId, purpose: 'user-pool-step' });
export const sealStep = (tenantId: string, flowId: string, step: PoolStep) => seal(JSON.stringify(step), place(tenantId, flowId));
export const openStep = (tenantId: string, flowId: string, sealed: string) =>
  JSON.parse(unseal(sealed, place(tenantId, flowId))) as PoolStep;

export const BEGIN_STEP = statement<void>('outside_step_begin', 'select app.outside_step_begin($1, $2, $3, $4, $5, $6)');
export const TAKE_STEP = statement<{
  status: 'counted' | 'blocked' | 'gone';
  retry_after: number | null;
  provider_id: string;
  sealed: string;
  version: number;
}>('outside_step_take', 'select * from app.outside_step_take($1, $2, $3)');
export const MOVE_STEP = statement<{ done: boolean }>('outside_step_move', 'select app.outside_step_move($1, $2, $3, $4, $5) as done');
export const END_STEP = statement<{ done: boolean }>('outside_step_end', 'select app.outside_step_end($1, $2, $3) as done');
