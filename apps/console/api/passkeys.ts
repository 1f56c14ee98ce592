import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';
import { answer, api } from './client.js';
import { Problem } from './problem.js';

/** The browser's part, fetched when it is needed. */
const browser = () => import('@simplewebauthn/browser');

/** The browser says no in exceptions of its own; the reader is told in the words of the catalogue. */
async function asked<T>(ceremony: () => Promise<T>): Promise<T> {
  try {
    return await ceremony();
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NotAllowedError' || name === 'AbortError') throw new Problem(0, 'console.passkey_cancelled', 'No passkey was used.');
    if (name === 'InvalidStateError') throw new Problem(0, 'console.passkey_known', 'This device has a passkey already.');
    throw new Problem(0, 'console.passkey_failed', (error as Error).message);
  }
}

export async function createPasskey(options: unknown): Promise<RegistrationResponseJSON> {
  const { startRegistration } = await browser();
  return asked(() => startRegistration({ optionsJSON: options as PublicKeyCredentialCreationOptionsJSON }));
}

export async function usePasskey(options: unknown): Promise<AuthenticationResponseJSON> {
  const { startAuthentication } = await browser();
  return asked(() => startAuthentication({ optionsJSON: options as PublicKeyCredentialRequestOptionsJSON }));
}

export const passkeysWork = () => typeof window.PublicKeyCredential === 'function';

export async function signInWithPasskey() {
  const { passkey_token, webauthn } = await answer(api.POST('/api/auth/passkey/options', { body: {} }));
  const credential = await usePasskey(webauthn);
  return answer(api.POST('/api/auth/passkey/login', { body: { passkey_token, credential } }));
}

/** Answers a challenge for one of the person's passkeys. `headers`: of a sign-in that is not done yet. */
export async function provePasskey(factorId: string, headers: Record<string, string> = {}): Promise<AuthenticationResponseJSON> {
  const { webauthn } = await answer(api.POST('/api/auth/mfa/challenge', { body: { factor_id: factorId }, headers }));
  return usePasskey(webauthn);
}
