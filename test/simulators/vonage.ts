import { createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import { type Answer, type Asked, type Read, ScriptedVendor } from './scripted-vendor.js';

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const problem = (status: number, type: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  // The vendor's own words may repeat what they were told: they must not travel on.
  body: JSON.stringify({
    type: `https://developer.vonage.com/en/api-errors/verify-v2#${type}`,
    title: type,
    detail: 'Your code 493817 for 34600111222 was not sent.',
    instance: randomUUID(),
  }),
});

/** Why a body is not JSON of this shape: every name needs its form, and no other name may come. */
function wrongFields(body: Record<string, unknown>, forms: Record<string, RegExp>, optional: readonly string[] = []): string | undefined {
  const strange = Object.keys(body).find((name) => !forms[name]);
  if (strange) return strange;
  return Object.keys(forms).find(
    (name) => !(body[name] === undefined && optional.includes(name)) && !forms[name]!.test(String(body[name])),
  );
}

function bodyOf({ headers, body }: Asked): Record<string, unknown> | undefined {
  try {
    return headers['content-type'] === 'application/json' ? (JSON.parse(body) as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const smsAnswer = (...parts: Record<string, string>[]): Answer =>
  json(200, { 'message-count': String(parts.length), messages: parts });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The SMS API: basic authentication, and HTTP 200 whatever happens. */
export class VonageSmsSimulator extends ScriptedVendor {
  constructor(
    readonly apiKey = 'a1b2c3d4',
    readonly apiSecret = 'SimulatedSecret1',
    readonly signatureSecret = 'simulated-signature-secret-of-the-account',
  ) {
    super();
  }

  protected answers = {
    refuse: smsAnswer({ status: '7', 'error-text': 'Number barred: 34600111222' }),
    throttle: smsAnswer({ status: '1', 'error-text': 'Throughput Rate Exceeded - please wait [ 250 ] and retry' }),
    misconfigured: smsAnswer({ status: '4', 'error-text': 'Bad Credentials SimulatedSecret1' }),
    error: json(500, { message: 'Your Acme code is 493817.' }),
  };

  protected read(asked: Asked): Read {
    const violation = (words: string, answer: Answer) => ({ violation: words, answer });
    if (asked.method !== 'POST' || asked.path !== '/sms/json') return violation('address', json(404, {}));
    const credentials = Buffer.from(`${this.apiKey}:${this.apiSecret}`).toString('base64');
    if (asked.headers['authorization'] !== `Basic ${credentials}`) return violation('credentials', this.answers.misconfigured);

    const body = bodyOf(asked);
    const forms = {
      from: /^[A-Za-z0-9 ]{3,15}$/,
      to: /^[1-9]\d{6,14}$/,
      text: /^[\s\S]{1,1600}$/,
      type: /^(text|unicode)$/,
      ttl: /^\d{5,9}$/,
      'status-report-req': /^true$/,
      callback: /^https:\/\/\S{1,90}$/,
      'client-ref': /^\S{1,100}$/,
    };
    const wrong = body ? wrongFields(body, forms, ['type', 'ttl', 'status-report-req', 'callback', 'client-ref']) : 'body';
    if (!body || wrong) return violation(`form: ${wrong}`, smsAnswer({ status: '3', 'error-text': `Invalid value for: ${wrong}` }));

    const id = randomBytes(8).toString('hex').toUpperCase();
    const { to, text, 'client-ref': reference } = body as Record<string, string>;
    return {
      message: { id, to: to!, text: text!, reference },
      answer: smsAnswer({ to: to!, 'message-id': id, status: '0', 'remaining-balance': '3.14', 'message-price': '0.03', network: '21401' }),
    };
  }
}

/** Verify v2: an application's RS256 token, used once, and a code of the customer's own. */
export class VonageVerifySimulator extends ScriptedVendor {
  readonly privateKey: string;
  private readonly usedTokens = new Set<string>();

  constructor(
    readonly applicationId: string = randomUUID(),
    readonly signatureSecret = 'simulated-signature-secret-of-the-account',
    privateKey?: string,
  ) {
    super();
    const fresh = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.privateKey = privateKey ?? fresh();
  }

  protected answers = {
    refuse: problem(422, 'invalid-params'),
    throttle: problem(429, 'throttled', { 'retry-after': '7' }),
    misconfigured: problem(401, 'unauthorized'),
    error: problem(500, 'internal'),
  };

  protected async read(asked: Asked): Promise<Read> {
    const violation = (words: string, answer: Answer) => ({ violation: words, answer });
    if (asked.method !== 'POST' || asked.path !== '/v2/verify') return violation('address', problem(404, 'not-found'));
    const fault = await this.tokenFault(asked.headers['authorization'] ?? '');
    if (fault) return violation(`token: ${fault}`, problem(401, 'unauthorized'));

    const body = bodyOf(asked);
    const { workflow, ...rest } = body ?? {};
    const forms = {
      brand: /^[^\\/{}:$]{1,16}$/,
      locale: /^[a-z]{2}-[a-z]{2}$/,
      code: /^[A-Za-z0-9]{4,10}$/,
      client_ref: /^[\w-]{1,40}$/,
      channel_timeout: /^(1[5-9]|[2-9]\d|[1-8]\d\d|900)$/,
    };
    const step = Array.isArray(workflow) && workflow.length === 1 ? (workflow[0] as Record<string, unknown>) : {};
    const stepForms = { channel: /^(sms|voice)$/, to: /^[1-9]\d{6,14}$/, from: /^[A-Za-z0-9 ]{3,15}$/ };
    const wrong = wrongFields(rest, forms, ['locale', 'client_ref', 'channel_timeout']) ?? wrongFields(step, stepForms, ['from']);
    if (wrong) return violation(`form: ${wrong}`, problem(422, 'invalid-params'));

    const id = randomUUID();
    return {
      message: { id, to: String(step['to']), text: String(rest['code']), reference: rest['client_ref'] as string },
      answer: json(202, { request_id: id }),
    };
  }

  private async tokenFault(authorization: string): Promise<string | undefined> {
    const token = authorization.replace(/^Bearer /, '');
    const verified = await jwtVerify(token, createPublicKey(this.privateKey), {
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp', 'jti', 'application_id'],
      maxTokenAge: '15m',
    }).catch(() => undefined);
    if (!verified) return 'signature';
    const { application_id, jti = '', iat = 0, exp = 0 } = verified.payload;
    if (application_id !== this.applicationId) return 'another application';
    if (!UUID.test(jti) || this.usedTokens.has(jti)) return 'jti';
    if (exp - iat > 86_400) return 'life';
    this.usedTokens.add(jti);
    return undefined;
  }
}
