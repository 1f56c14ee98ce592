import { z } from 'zod';
import { CHANNELS, locale } from '@app/notifications';
import { assertion, creationOptions, oneAnswer, registration, requestOptions } from './signed/signed.contract.js';

export const code = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .describe('six digits of the authenticator app or of the code that was sent, or a backup code');
const name = z.string().trim().min(1).max(100);
const label = name.optional();

export const factor = z
  .object({
    id: z.uuid(),
    type: z.string(),
    label: z.string().nullable(),
    recipient_masked: z.string().nullable(),
    confirmed: z.boolean(),
    disabled: z.boolean().describe('after 100 wrong codes in a row, or because it may have been copied: set it up again'),
    synced: z.boolean().optional().describe('of a passkey: whether it is backed up, and so on other devices, too'),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
  })
  .meta({ id: 'Factor' });
export const factorList = z
  .object({
    data: z.array(factor),
    next_cursor: z.null(),
    offered: z
      .array(
        z.object({
          type: z.string(),
          recipient: z.enum(['phone_number', 'link']).nullable().describe('phone_number: name one; link: open the one that is answered'),
        }),
      )
      .describe('kinds that the company allows and has a way to send to'),
  })
  .meta({ id: 'FactorList' });

export const startFactor = z
  .object({
    type: z.string().max(40).describe('totp, sms, voice, email, telegram, webauthn'),
    label,
    recipient: z
      .string()
      .trim()
      .min(1)
      .max(254)
      .optional()
      .describe('sms, voice: a phone number; email: your own address, or nothing; telegram: a phone number, or nothing for a link to open'),
    locale: locale.optional().describe("of the messages with codes; none: the person's own, or English"),
    input: z.record(z.string(), z.unknown()).optional().describe('what else this kind of factor needs'),
  })
  .meta({ id: 'StartFactor' });
export type StartFactor = z.output<typeof startFactor>;

export const authenticator = z.object({
  secret: z.string(),
  manual_entry_key: z.string().describe('the secret in groups of four, to type in'),
  otpauth_uri: z.string(),
  qr_code_uri: z.string().describe('the same otpauth URI'),
  qr_code: z.string().describe('data:image/png;base64,…'),
});
/** A code that went out. */
const sent = {
  verification_id: z.uuid(),
  channel: z.enum(CHANNELS),
  recipient_masked: z.string(),
  expires_at: z.string(),
  resend_after: z.string().describe('when mfa/challenge sends it again'),
};
const reveal = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

export const startedTotp = authenticator.extend({ factor_id: z.uuid() }).meta({ id: 'StartedTotp' });
/** What a factor shows this once stands in `reveal`; an authenticator's also under names of its own. */
export const startedFactor = authenticator
  .extend(sent)
  .partial()
  .extend({
    factor_id: z.uuid(),
    reveal: reveal.optional(),
    webauthn: creationOptions.optional().describe('PublicKeyCredentialCreationOptionsJSON: for the browser, until expires_at'),
    deep_link: z.string().optional().describe('telegram: open it within 15 min, and the code comes to that chat'),
  })
  .meta({ id: 'StartedFactor' });
export const challenge = z.object({ factor_id: z.uuid() }).meta({ id: 'Challenge' });
export const sentCode = z
  .object(sent)
  .partial()
  .extend({
    factor_id: z.uuid().optional(),
    webauthn: requestOptions
      .optional()
      .describe('PublicKeyCredentialRequestOptionsJSON, of all my passkeys: for the browser, until expires_at'),
    expires_at: z.string(),
  })
  .meta({ id: 'SentCode' });

export const confirmCode = z.object({ code }).meta({ id: 'ConfirmCode' });
/** A fresh answer of a factor that is set up. */
export const answer = z
  .object({ code: code.optional(), credential: assertion.optional().describe('instead of code: what a passkey signed') })
  .refine(...oneAnswer)
  .meta({ id: 'FactorAnswer' });
export const confirmFactor = z
  .object({ code: code.optional(), credential: registration.optional().describe('of a passkey'), label })
  .refine(...oneAnswer)
  .meta({ id: 'ConfirmFactor' });
export const renameFactor = z.object({ label: name }).meta({ id: 'RenameFactor' });
export const activateCode = z.object({ totp_code: code }).meta({ id: 'ActivateCode' });
export const enabled = z
  .object({ message: z.string(), backup_codes: z.array(z.string()).optional().describe('shown this once') })
  .meta({ id: 'FactorEnabled' });
export const backupCodes = z.object({ backup_codes: z.array(z.string()) }).meta({ id: 'BackupCodes' });
export const backupCodesLeft = z.object({ remaining: z.number().int(), created_at: z.string().nullable() }).meta({ id: 'BackupCodesLeft' });
export const phoneSetup = z.object({ phone_number: z.string().trim().min(1).max(40) }).meta({ id: 'SmsMfaSetup' });
export const phoneCode = z.object({ mfa_code: code }).meta({ id: 'SmsMfaCode' });
export const phoneDone = z
  .object({
    message: z.string(),
    message_id: z.string().nullable(),
    backup_codes: z.array(z.string()).optional().describe('with a first factor; shown this once'),
  })
  .meta({ id: 'SmsMfaDone' });
export const message = z.object({ message: z.string(), detail: z.string().nullable() }).meta({ id: 'Message' });
