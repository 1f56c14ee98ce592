import { z } from 'zod';
import { assertion, requestOptions } from '@app/mfa';
import { deviceName } from '../auth.contract.js';

export const passkeyOptionsRequest = z.object({}).nullish().meta({ id: 'PasskeyOptionsRequest' });
export const passkeyOptions = z
  .object({
    passkey_token: z.string().describe('to be sent with the answer, once'),
    webauthn: requestOptions,
    expires_at: z.string(),
  })
  .meta({ id: 'PasskeyOptions' });
export const passkeyLogin = z
  .object({ passkey_token: z.string().min(1).max(200), credential: assertion, device_name: deviceName })
  .meta({ id: 'PasskeyLogin' });
export type PasskeyLogin = z.output<typeof passkeyLogin>;
