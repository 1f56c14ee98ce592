import { parse, stringify } from 'uuid';
import { config, mac, sameBytes } from '@app/platform';

const MAC_BYTES = 16;
const proof = (provider: string, tenant: Uint8Array) => mac('callback', provider, '|', tenant).subarray(0, MAC_BYTES);

/** Where a company's vendor calls back: names the company, and cannot be guessed. */
export function callbackUrl(provider: string, tenantId: string): string {
  const tenant = parse(tenantId);
  return `${config.PUBLIC_URL.replace(/\/$/, '')}/api/callbacks/${provider}/${Buffer.concat([tenant, proof(provider, tenant)]).toString('base64url')}`;
}

/** The company of such an address; undefined for one that we never gave out. */
export function tenantOfCallback(provider: string, token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 16 + MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
  const tenant = bytes.subarray(0, 16);
  return sameBytes(bytes.subarray(16), proof(provider, tenant)) ? stringify(tenant) : undefined;
}
