import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Asked } from './scripted-vendor.js';

const SCHEME =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const SKEW = 15 * 60_000;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * What is wrong with a request's signature, in AWS's own codes; undefined when nothing is.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signatureFault(
  { method, path, headers, body }: Asked,
  { accessKeyId, secretAccessKey, service }: { accessKeyId: string; secretAccessKey: string; service: string },
): 'MissingAuthenticationToken' | 'InvalidClientTokenId' | 'RequestExpired' | 'SignatureDoesNotMatch' | undefined {
  const [, key, day, region, signedService, signedHeaders, signature] = SCHEME.exec(headers['authorization'] ?? '') ?? [];
  const date = headers['x-amz-date'] ?? '';
  if (!key || !day || !signedHeaders || !signature) return 'MissingAuthenticationToken';
  if (key !== accessKeyId) return 'InvalidClientTokenId';

  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) < SKEW) || !date.startsWith(day)) return 'RequestExpired';

  const names = signedHeaders.split(';');
  const bodyHash = sha256(body);
  const claimedHash = headers['x-amz-content-sha256'];
  const covers = ['host', 'x-amz-date'].every((name) => names.includes(name));
  if (!covers || signedService !== service || (claimedHash !== undefined && claimedHash !== bodyHash)) return 'SignatureDoesNotMatch';

  const { pathname, searchParams } = new URL(path, 'http://sns');
  searchParams.sort();
  const canonical = [
    method,
    pathname,
    searchParams.toString(),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    bodyHash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const signingKey = [region!, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  return timingSafeEqual(hmac(signingKey, toSign), Buffer.from(signature, 'hex')) ? undefined : 'SignatureDoesNotMatch';
}
