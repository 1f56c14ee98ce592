import { createHmac } from 'node:crypto';

const PERIOD_S = 30;

/** The time step now, by RFC 6238. */
export const currentStep = () => Math.floor(Date.now() / 1000 / PERIOD_S);

/** @param {Buffer} key @param {number} step six digits by RFC 4226 §5.3 */
export function codeOf(key, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = /** @type {number} */ (mac[19]) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
