import { type KeyObject, sign } from 'node:crypto';

const hex = (text: string) => Buffer.from(text, 'hex');
/** DER (X.690), as much of it as a certificate takes. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const named = (oid: string, text: string) => der(0x31, sequence(der(0x06, hex(oid)), der(0x13, Buffer.from(text))));
const ECDSA_WITH_SHA256 = sequence(der(0x06, hex('2a8648ce3d040302')));
const SUBJECT = sequence(
  named('550406', 'ES'),
  named('55040a', 'Anybody'),
  named('55040b', 'Authenticator Attestation'),
  named('550403', 'Made up'),
);

/** A certificate as makers of authenticators have them (WebAuthn §8.2.1), signed by itself. */
export function attestationCertificate(publicKey: KeyObject, privateKey: KeyObject): Buffer {
  const time = (text: string) => der(0x17, Buffer.from(text));
  const extension = (oid: string, value: Uint8Array) => sequence(der(0x06, hex(oid)), der(0x04, value));
  const certificate = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    SUBJECT,
    sequence(time('250101000000Z'), time('490101000000Z')),
    SUBJECT,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension('551d13', sequence()))),
  );
  return sequence(certificate, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), sign('sha256', certificate, privateKey)));
}
