import { z } from 'zod';

/** What is no text is nobody's name, and no code: it is answered like a wrong one. */
const word = (most: number) => z.string().trim().max(most).catch('');

export const requestOtp = z
  .object({ username: word(254).describe('an e-mail address of the company, or what stands before its @') })
  .meta({ id: 'RequestOtp' });
export const otpRequested = z
  .object({
    status: z.literal('OTP sent'),
    successful_channels: z.array(z.string()).describe('empty, unless the company tells_unknown_usernames'),
    failed_channels: z.array(z.string()).nullable(),
  })
  .meta({ id: 'OtpRequested' });

export const verifyOtp = z.object({ username: word(254), token: word(64) }).meta({ id: 'VerifyOtp' });
export const otpVerified = z
  .object({ valid: z.boolean(), message: z.enum(['Authentication successful', 'Invalid token']) })
  .meta({ id: 'OtpVerified' });

export const sendNotification = z
  .object({ channel: word(40).describe('email or telegram'), recipient: word(254), message: z.string().max(1600).catch('') })
  .meta({ id: 'SendNotification' });
export const notificationSent = z.object({ status: z.literal('sent') }).meta({ id: 'NotificationSent' });

export const health = z
  .object({
    status: z.literal('healthy'),
    service: z.literal('mfa-auth'),
    users_configured: z.number().int().optional().describe("the company's active people; only where a key is shown"),
  })
  .meta({ id: 'LegacyHealth' });
