import { z } from 'zod';

/** International, as the original had it: the + may be left out, and no zero comes first. */
const phoneNumber = z
  .string()
  .transform((text) => text.trim().replace(/^\+/, ''))
  .pipe(z.string().regex(/^[1-9][0-9]{1,14}$/, 'must be an international phone number'))
  .transform((digits) => `+${digits}`)
  .meta({ type: 'string' });

export const init = z.object({ phone_number: phoneNumber }).meta({ id: 'TwoFactorInit' });
export const verify = z.object({ phone_number: phoneNumber, otp_code: z.string().trim().min(1).max(64) }).meta({ id: 'TwoFactorVerify' });
export const said = z.object({ message: z.string() }).meta({ id: 'TwoFactorSaid' });
