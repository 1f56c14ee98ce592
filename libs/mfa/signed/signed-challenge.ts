import { parse, stringify, v4 as uuidv4 } from 'uuid';
import { config, mac, sameBytes } from '@app/platform';

/** What a challenge is for, and whose: no other purpose, person, sign-in, session or factor may use it. */
export interface ChallengePlace {
  purpose: 'registration' | 'second_factor' | 'step_up';
  tenantId: string;
  userId: string;
  /** The factor that is being set up, the sign-in, or the session. */
  subject: string;
}

export interface SignedChallenge {
  id: string;
  text: string;
  expiresAt: Date;
}

const BODY_BYTES = 16 + 4;
const MAC_BYTES = 16;
const FIRST_STEP = 'first_step';

const spelled = ({ purpose, tenantId, userId, subject }: ChallengePlace) => [purpose, tenantId, userId, subject].join('|');
const proof = (place: string, body: Uint8Array) => mac('signed-challenge', place, '|', body).subarray(0, MAC_BYTES);
const written = (place: string, body: Buffer) => Buffer.concat([body, proof(place, body)]).toString('base64url');

function newBody(): Buffer {
  const body = Buffer.alloc(BODY_BYTES);
  body.set(parse(uuidv4()));
  body.writeUInt32BE(Math.floor(Date.now() / 1000) + config.PENDING_SECONDS, 16);
  return body;
}

const challengeOf = (text: string, body: Buffer): SignedChallenge => ({
  id: stringify(body.subarray(0, 16)),
  text,
  expiresAt: new Date(body.readUInt32BE(16) * 1000),
});

function read(text: string, place: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== text) return undefined;
  const body = bytes.subarray(0, BODY_BYTES);
  return sameBytes(bytes.subarray(BODY_BYTES), proof(place, body)) ? body : undefined;
}

/**
 * A number of ours, drawn at random, with its end and a MAC over what it is for: nothing is stored until it is spent. Whether it is over, and
 * whether it was spent, the database says.
 */
export function newChallenge(place: ChallengePlace): SignedChallenge {
  const body = newBody();
  return challengeOf(written(spelled(place), body), body);
}

/** Undefined for one that is not ours, or is for something else. */
export function readChallenge(text: string, place: ChallengePlace): SignedChallenge | undefined {
  const body = read(text, spelled(place));
  return body && challengeOf(text, body);
}

/** For somebody of whom nobody knows yet who they are: whoever asked for it keeps a token, without which the answer is no good. */
export function newFirstStep(): SignedChallenge & { token: string } {
  const body = newBody();
  return { ...challengeOf(written(FIRST_STEP, body), body), token: written('passkey-token', body) };
}

export function readFirstStep(token: string): SignedChallenge | undefined {
  const body = read(token, 'passkey-token');
  return body && challengeOf(written(FIRST_STEP, body), body);
}
