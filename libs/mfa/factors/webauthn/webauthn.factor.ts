import { Injectable } from '@nestjs/common';
import {
  type AuthenticationResponseJSON,
  type AuthenticatorTransport,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { decodeAttestationObject, decodeClientDataJSON, isoBase64URL } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import { config } from '@app/platform';
import {
  type Answer,
  type Challenge,
  Compromised,
  Factor,
  type FactorPolicy,
  type SignedAnswer,
  type Signing,
  type SpentChallenge,
  type Subject,
} from '../../factor.js';

/** COSE: Ed25519, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];
const MOST = 20;

/** Whom the authenticator was made to know its owner as: nothing of theirs (WebAuthn §14.6.1), the same in all their passkeys here. */
interface Registering {
  handle: string;
}

export interface WebAuthnState extends Registering {
  credentialId: string;
  /** COSE, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  /** One that is never copied to another device. */
  isDeviceBound: boolean;
  isBackedUp: boolean;
}

type State = Registering | WebAuthnState;
const isSetUp = (state: State): state is WebAuthnState => 'credentialId' in state;

const credential = z.object({ id: z.string(), transports: z.array(z.string()) });
const input = z.object({ challenge: z.string(), handle: z.string(), exclude: z.array(credential) });

const described = ({ credentialId, transports }: WebAuthnState) => ({
  id: credentialId,
  transports: transports as AuthenticatorTransport[],
});

/** Passkeys and security keys: a key pair for our pages alone, used after its holder's finger, face or PIN. @see https://www.w3.org/TR/webauthn-3/#sctn-rp-operations */
@Injectable()
export class WebAuthnFactor extends Factor<State> {
  readonly type = 'webauthn';
  readonly amr = 'swk';
  override readonly isPhishingResistant = true;
  override readonly most = MOST;
  override readonly input = input;
  relyingParty = () => config.webauthn;

  override readonly signs: Signing<State> = {
    challengeIn: (answer) => clientDataOf(answer)?.challenge,
    credentialIn: (answer) => String(answer.id),
    credentialOf: (state) => (isSetUp(state) ? state.credentialId : undefined),
    described: (state) => described(state as WebAuthnState),
    ask: (states, challenge) =>
      generateAuthenticationOptions({
        rpID: this.relyingParty().id,
        challenge: isoBase64URL.toBuffer(challenge),
        userVerification: 'required',
        timeout: config.PENDING_SECONDS * 1000,
        ...(states.length > 0 && { allowCredentials: states.filter(isSetUp).map(described) }),
      }),
  };

  accepts(answer: Answer) {
    return typeof answer === 'object';
  }

  override amrOf(state: State) {
    return [isSetUp(state) && state.isDeviceBound ? 'hwk' : 'swk', 'user'];
  }

  async enroll({ account, issuer }: Subject, given: unknown) {
    const { challenge, handle, exclude } = input.parse(given);
    const webauthn = await generateRegistrationOptions({
      rpID: this.relyingParty().id,
      rpName: issuer,
      userName: account,
      userDisplayName: account,
      userID: isoBase64URL.toBuffer(handle),
      challenge: isoBase64URL.toBuffer(challenge),
      timeout: config.PENDING_SECONDS * 1000,
      attestationType: 'none',
      excludeCredentials: exclude.map(({ id, transports }) => ({ id, transports: transports as AuthenticatorTransport[] })),
      // Required: a passkey that cannot be found without its owner's name is none to sign in with.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS,
    });
    return { state: { handle }, reveal: { webauthn } };
  }

  async verify(state: State, answer: Answer, _now: Date, _policy: FactorPolicy, challenge?: Challenge | SpentChallenge) {
    if (typeof answer === 'string' || !challenge || !('text' in challenge)) return undefined;
    // Inside a frame of another site it would be that site's to say what is being agreed to.
    const { crossOrigin = false } = clientDataOf(answer) ?? {};
    if (crossOrigin !== false) return undefined;
    try {
      return isSetUp(state) ? await this.authenticated(state, answer, challenge) : await this.registered(state, answer, challenge);
    } catch {
      return undefined; // the library throws for whatever is not as it must be, however an answer was made up
    }
  }

  override shown(state: State) {
    return isSetUp(state) ? { synced: state.isBackedUp } : {};
  }

  override nameOf(state: State) {
    const isKey = isSetUp(state) && state.isDeviceBound && state.transports.some((way) => ['usb', 'nfc', 'ble'].includes(way));
    return isKey ? 'Security key' : 'Passkey';
  }

  private expected({ text }: SpentChallenge) {
    const { id, origins } = this.relyingParty();
    return { expectedChallenge: text, expectedOrigin: origins, expectedRPID: id, requireUserVerification: true };
  }

  /** WebAuthn §7.1. */
  private async registered({ handle }: Registering, answer: SignedAnswer, challenge: SpentChallenge): Promise<WebAuthnState | undefined> {
    const response = answer as unknown as RegistrationResponseJSON;
    if (!isUnattested(response)) return undefined;
    const { registrationInfo: info } = await verifyRegistrationResponse({
      ...this.expected(challenge),
      response,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!info || info.credential.id !== response.id) return undefined;
    return {
      handle,
      credentialId: info.credential.id,
      publicKey: isoBase64URL.fromBuffer(info.credential.publicKey),
      counter: info.credential.counter,
      transports: info.credential.transports ?? [],
      isDeviceBound: info.credentialDeviceType === 'singleDevice',
      isBackedUp: info.credentialBackedUp,
    };
  }

  /** WebAuthn §7.2. */
  private async authenticated(state: WebAuthnState, answer: SignedAnswer, challenge: SpentChallenge) {
    const response = answer as unknown as AuthenticationResponseJSON;
    const { userHandle } = response.response;
    if (response.id !== state.credentialId) return undefined;
    if (challenge.isFirstStep && !userHandle) return undefined;
    if (userHandle && userHandle !== state.handle) return undefined;
    const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
      ...this.expected(challenge),
      response,
      // The library compares counters before it looks at the signature: then anybody's made-up number would put a passkey to rest.
      credential: { id: state.credentialId, publicKey: isoBase64URL.toBuffer(state.publicKey), counter: 0 },
    });
    // What a passkey may be copied to, it says once and for all (step 17).
    if (!verified || (info.credentialDeviceType === 'singleDevice') !== state.isDeviceBound) return undefined;
    const counts = info.newCounter > 0 || state.counter > 0;
    if (counts && info.newCounter <= state.counter) return new Compromised('counter_went_back');
    return { ...state, counter: info.newCounter, isBackedUp: info.credentialBackedUp };
  }
}

function clientDataOf(answer: SignedAnswer): { challenge?: string; crossOrigin?: unknown } | undefined {
  try {
    const data = decodeClientDataJSON((answer.response as { clientDataJSON: string }).clientDataJSON);
    return typeof data === 'object' && data !== null && typeof data.challenge === 'string' ? data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What we asked for: no statement about the authenticator, or one that it signed with the new key itself. Others carry certificates: of a maker
 * whom nobody here has chosen to trust, the library takes anything for good; of those it knows, it fetches lists of what was revoked.
 */
function isUnattested({ response }: RegistrationResponseJSON): boolean {
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject));
  const format = attestation.get('fmt');
  return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined);
}
