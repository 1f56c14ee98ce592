import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { DeliveryError } from '../../delivery-error.js';
import { CallbackRefused } from '../../message-provider.js';

const VENDOR = 'https://acscallautomation.communication.azure.com';

const configuration = z.object({ issuer: z.string().min(1), jwks_uri: z.url() });
interface Signer {
  issuer: string;
  keys: ReturnType<typeof createRemoteJWKSet>;
}

/** By origin: the vendor's, and the one that the operator put in its place. jose keeps each set's keys, and asks again for one it lacks. */
const signers = new Map<string, Promise<Signer>>();

async function discover(origin: string): Promise<Signer> {
  const response = await fetch(`${origin}/calling/.well-known/acsopenidconfiguration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error('no configuration');
  const { issuer, jwks_uri } = configuration.parse(await response.json());
  return { issuer, keys: createRemoteJWKSet(new URL(jwks_uri)) };
}

function signerAt(origin: string): Promise<Signer> {
  let signer = signers.get(origin);
  if (!signer) {
    signer = discover(origin);
    signers.set(origin, signer);
    signer.catch(() => signers.delete(origin));
  }
  return signer;
}

/** What jose throws when the keys cannot be had, as opposed to a token that is wrong. */
const keysMissing = (error: unknown) =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === 'ERR_JOSE_GENERIC';

/**
 * Every callback of a call carries a token of its own, signed by the vendor for one resource, and good for five minutes.
 * @see https://learn.microsoft.com/azure/communication-services/how-tos/call-automation/secure-webhook-endpoint
 * @throws CallbackRefused, or a retryable DeliveryError while the vendor's keys cannot be had: a refusal would be for good.
 */
export async function verifyCallbackToken(
  authorization: string | undefined,
  audience: string,
  endpoint: string | undefined,
): Promise<void> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
  if (!token) throw new CallbackRefused();
  try {
    const { issuer, keys } = await signerAt(endpoint ?? VENDOR);
    await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp'], clockTolerance: 30 });
  } catch (error) {
    throw keysMissing(error) ? new DeliveryError('retryable', 'keys_unavailable') : new CallbackRefused();
  }
}
