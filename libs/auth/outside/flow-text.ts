import { createHash, randomBytes } from 'node:crypto';
import { parse, stringify } from 'uuid';
import { mac, sameBytes } from '@app/platform';

/** Each has a MAC of its own purpose: none is ever taken for another. */
type Purpose = 'outside-state' | 'outside-code';

const SECRET_BYTES = 32;
const BODY_BYTES = 16 + 16 + SECRET_BYTES;
const MAC_BYTES = 16;

export interface FlowText {
  tenantId: string;
  flowId: string;
  /** What is kept of it. */
  hash: Buffer;
}

const sealedBody = (purpose: Purpose, body: Buffer) => mac(purpose, body).subarray(0, MAC_BYTES);
export const hashOf = (secret: string | Buffer): Buffer => createHash('sha256').update(secret).digest();

/** Company, flow, 256 random bits, a MAC: whoever brings it names the company, and cannot name another. */
export function writeFlowText(purpose: Purpose, tenantId: string, flowId: string): { text: string; hash: Buffer } {
  const body = Buffer.concat([parse(tenantId), parse(flowId), randomBytes(SECRET_BYTES)]);
  return { text: Buffer.concat([body, sealedBody(purpose, body)]).toString('base64url'), hash: hashOf(body) };
}

/** Undefined for one we never made, cut, altered, or made for another purpose. */
export function readFlowText(purpose: Purpose, text: string): FlowText | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== text) return undefined;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!sameBytes(bytes.subarray(BODY_BYTES), sealedBody(purpose, body))) return undefined;
  return { tenantId: stringify(body.subarray(0, 16)), flowId: stringify(body.subarray(16, 32)), hash: hashOf(body) };
}

/** What whoever begins a flow keeps, in a cookie or by itself: nobody else can finish it. */
export const newHandle = (): string => randomBytes(32).toString('base64url');
