import { z } from 'zod';

const base64url = (most: number) => z.base64url().min(1).max(most);
const id = base64url(1400).describe('of the credential, base64url');

/** As browsers write it (`PublicKeyCredential.toJSON()`); what else they add is not looked at. */
const shared = { id, rawId: id, type: z.literal('public-key') };
export const registration = z
  .object({
    ...shared,
    response: z.object({
      clientDataJSON: base64url(8_000),
      attestationObject: base64url(24_000),
      transports: z.array(z.string().max(32)).max(10).optional(),
    }),
  })
  .meta({ id: 'RegistrationResponse' });
export const assertion = z
  .object({
    ...shared,
    response: z.object({
      clientDataJSON: base64url(8_000),
      authenticatorData: base64url(8_000),
      signature: base64url(2_000),
      userHandle: z.base64url().max(200).nullish(),
    }),
  })
  .meta({ id: 'AuthenticationResponse' });

/** What `navigator.credentials.create()` and `.get()` are given, once `parseCreationOptionsFromJSON()` and its like have read it. */
export const creationOptions = z.record(z.string(), z.unknown()).describe('PublicKeyCredentialCreationOptionsJSON');
export const requestOptions = z.record(z.string(), z.unknown()).describe('PublicKeyCredentialRequestOptionsJSON');

/** A code, or what a passkey signed: one of the two. */
export const oneAnswer: [(given: { code?: unknown; credential?: unknown }) => boolean, { path: string[]; message: string }] = [
  ({ code, credential }) => (code === undefined) !== (credential === undefined),
  { path: ['code'], message: 'send code, or credential' },
];
