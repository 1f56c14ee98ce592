import { z } from 'zod';

export const code = z.string().trim().min(1).max(64).describe('six digits of the authenticator app, or a backup code');
const label = z.string().trim().min(1).max(100).optional();

export const factor = z
  .object({
    id: z.uuid(),
    type: z.string(),
    label: z.string().nullable(),
    recipient_masked: z.string().nullable(),
    confirmed: z.boolean(),
    disabled: z.boolean().describe('after 100 wrong codes in a row: set it up again'),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
  })
  .meta({ id: 'Factor' });
export const factorList = z.object({ data: z.array(factor), next_cursor: z.null() }).meta({ id: 'FactorList' });

export const startFactor = z
  .object({
    type: z.string().max(40).describe('such as totp'),
    label,
    input: z.record(z.string(), z.unknown()).optional().describe('what else this kind of factor needs'),
  })
  .meta({ id: 'StartFactor' });
export type StartFactor = z.output<typeof startFactor>;

const authenticator = z.object({
  secret: z.string(),
  manual_entry_key: z.string().describe('the secret in groups of four, to type in'),
  otpauth_uri: z.string(),
  qr_code_uri: z.string().describe('the same otpauth URI'),
  qr_code: z.string().describe('data:image/png;base64,…'),
});
const reveal = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

export const startedTotp = authenticator.extend({ factor_id: z.uuid() }).meta({ id: 'StartedTotp' });
/** What a factor shows this once stands in `reveal`; an authenticator's also under names of its own. */
export const startedFactor = authenticator.partial().extend({ factor_id: z.uuid(), reveal }).meta({ id: 'StartedFactor' });

export const confirmCode = z.object({ code }).meta({ id: 'ConfirmCode' });
export const activateCode = z.object({ totp_code: code }).meta({ id: 'ActivateCode' });
export const enabled = z
  .object({ message: z.string(), backup_codes: z.array(z.string()).optional().describe('shown this once') })
  .meta({ id: 'FactorEnabled' });
export const backupCodes = z.object({ backup_codes: z.array(z.string()) }).meta({ id: 'BackupCodes' });
export const backupCodesLeft = z.object({ remaining: z.number().int(), created_at: z.string().nullable() }).meta({ id: 'BackupCodesLeft' });
export const message = z.object({ message: z.string(), detail: z.string().nullable() }).meta({ id: 'Message' });
