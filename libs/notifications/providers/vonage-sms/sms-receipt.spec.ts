import { AlgorithmTypes } from '@vonage/auth';
import { SMS } from '@vonage/sms';
import { carried, received, smsReceipt, type VonageCallback, withSig, withToken } from '../../../../test/simulators/vonage-callbacks.js';
import { CallbackRefused } from '../../message-provider.js';
import { VonageSmsProvider } from './vonage-sms.provider.js';

const secret = 'simulated-signature-secret-of-the-account';
const provider = new VonageSmsProvider();
const company = (receipt_signature: string) =>
  provider.settings.parse({
    api_key: 'a1b2c3d4',
    api_secret: 'SimulatedSecret1',
    from: 'Acme',
    signature_secret: secret,
    receipt_signature,
  });
const hear = (callback: VonageCallback, by = 'sha256') => provider.receive(received(callback), company(by));

const sent = { id: '0A0000000123ABCD1', to: '34600111222', reference: '3f1d2a52-6f7e-4b0a-9d0e-6a1f1f0e7c55' };
const now = new Date('2026-11-20T10:00:05Z');
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);

describe('Delivery receipts of Vonage texts', () => {
  it.each([
    ['delivered', '0', 'delivered', undefined],
    ['accepted', '0', 'progress', 'accepted'],
    ['buffered', '0', 'progress', 'buffered'],
    ['unknown', '1', 'progress', 'unknown_1'],
    ['failed', '6', 'failed', 'failed_6'],
    ['expired', '0', 'failed', 'expired'],
    ['rejected', '15', 'failed', 'rejected_15'],
    ['deleted', '<b>', 'failed', 'deleted'],
  ])('say %s, code %s: %s', async (status, code, outcome, reason) => {
    const { events } = await hear(withSig(smsReceipt(sent, status, { code, at: now }), secret));
    expect(events).toEqual([
      {
        type: 'receipt',
        eventId: expect.stringMatching(/^[0-9a-f]{64}$/),
        providerMessageId: sent.id,
        attemptId: sent.reference,
        outcome,
        reason,
        at: now,
      },
    ]);
  });

  describe.each(['json', 'form', 'query'] as const)('as %s', (as) => {
    it.each(['sha256', 'sha512'] as const)('are proven by %s', async (algorithm) => {
      const callback = withSig({ ...smsReceipt(sent, 'delivered'), price: 'a&b=c é' }, secret, { as, algorithm });
      expect((await hear(callback, algorithm)).events).toHaveLength(1);
    });

    it('are refused when anything in them was changed', async () => {
      const { sig, timestamp, nonce } = fieldsOf(withSig(smsReceipt(sent, 'failed'), secret, { as }));
      const swapped = carried({ ...smsReceipt(sent, 'delivered'), sig: sig!, timestamp: timestamp!, nonce: nonce! }, as);
      await expect(hear(swapped)).rejects.toBeInstanceOf(CallbackRefused);
    });
  });

  it('are proven the way the vendor’s own SDK proves them', () => {
    const { sig, ...fields } = fieldsOf(withSig({ ...smsReceipt(sent, 'failed'), price: 'a&b=c' }, secret));
    const judge = new SMS({ apiKey: 'a1b2c3d4', apiSecret: 'SimulatedSecret1', privateKey: '' });
    expect(judge.verifySignature(sig!, fields, secret, AlgorithmTypes.sha256hmac)).toBe(true);
  });

  it('are proven by a token over the body', async () => {
    expect((await hear(withToken(smsReceipt(sent, 'delivered'), secret), 'jwt')).events).toHaveLength(1);
    const form = new URLSearchParams(smsReceipt(sent, 'delivered')).toString();
    const { headers, ...rest } = withToken(form, secret);
    const posted = { ...rest, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } };
    expect((await hear(posted, 'jwt')).events).toHaveLength(1);
  });

  const good = () => smsReceipt(sent, 'delivered');
  it.each<[string, 'sha256' | 'sha512' | 'jwt', () => VonageCallback]>([
    ['unsigned', 'sha256', () => carried(good(), 'json')],
    ['unsigned', 'jwt', () => carried(good(), 'json')],
    ['signed with nothing', 'sha256', () => carried({ ...good(), sig: '', timestamp: String(Math.floor(Date.now() / 1000)) }, 'json')],
    ['forged', 'sha256', () => withSig(good(), 'another-signature-secret')],
    ['forged', 'jwt', () => withToken(good(), 'another-signature-secret')],
    ['by a token where a field is agreed', 'sha256', () => withToken(good(), secret)],
    ['by a field where a token is agreed', 'jwt', () => withSig(good(), secret)],
    ['by another hash than agreed', 'sha256', () => withSig(good(), secret, { algorithm: 'sha512' })],
    ['by MD5', 'sha256', () => withSig(good(), secret, { algorithm: 'md5' })],
    ['late', 'sha256', () => withSig(good(), secret, { at: ago(340) })],
    ['late', 'jwt', () => withToken(good(), secret, { at: ago(340) })],
    ['from the future', 'sha256', () => withSig(good(), secret, { at: ago(-40) })],
    ['of another key', 'sha256', () => withSig({ ...good(), 'api-key': 'ffffffff' }, secret)],
    ['of another key', 'jwt', () => withToken(good(), secret, { claims: { api_key: 'ffffffff' } })],
    ['with fields in a name', 'sha256', () => resplit(withSig(smsReceipt(sent, 'failed'), secret))],
    ['in a query beside a signed body', 'jwt', () => ({ ...withToken('', secret), method: 'GET', query: good() })],
    ['neither JSON nor form', 'sha256', () => ({ ...carried(good(), 'json'), body: '<dlr/>' })],
    ['null', 'sha256', () => ({ ...carried(good(), 'json'), body: 'null' })],
  ])('are refused %s (%s agreed)', async (_, by, make) => {
    await expect(hear(make(), by)).rejects.toMatchObject({ name: 'CallbackRefused' });
  });

  it('are refused when their time is not signed', async () => {
    const { timestamp: _, ...fields } = fieldsOf(withSig(good(), secret));
    await expect(hear(carried(fields, 'json'))).rejects.toMatchObject({ name: 'CallbackRefused' });
  });

  it('are the same event when they come again, pushed later and signed anew', async () => {
    const id = async (fields: Record<string, string>) => (await hear(withSig(fields, secret))).events[0]!.eventId;
    const first = await id(smsReceipt(sent, 'delivered', { at: now }));
    expect(await id(smsReceipt(sent, 'delivered', { at: now, pushedAt: new Date('2026-11-20T10:03:00Z') }))).toBe(first);
    expect(await id(smsReceipt(sent, 'failed', { at: now }))).not.toBe(first);
    expect(await id(smsReceipt({ ...sent, id: 'another' }, 'delivered', { at: now }))).not.toBe(first);
  });

  it('keep their own moment when a later one overtakes an earlier', async () => {
    const moments = [];
    for (const [status, at] of [['delivered', new Date('2026-11-20T10:00:09Z')] as const, ['accepted', now] as const])
      for (const event of (await hear(withSig(smsReceipt(sent, status, { at }), secret))).events) moments.push('at' in event && event.at);
    expect(moments).toEqual([new Date('2026-11-20T10:00:09Z'), now]);
  });

  it.each([
    ['an incoming text', { msisdn: sent.to, to: 'Acme', messageId: sent.id, text: 'STOP', type: 'text' }],
    ['a status nobody knows', { ...smsReceipt(sent, 'delivered'), status: 'constructor' }],
    ['about no message', { status: 'delivered' }],
  ])('without a meaning are taken in silence: %s', async (_, fields) => {
    expect(await hear(withSig(fields, secret))).toEqual({ events: [] });
  });
});

const fieldsOf = ({ body, query }: VonageCallback): Record<string, string> => {
  if (body === '') return query;
  return body.startsWith('{') ? (JSON.parse(body) as Record<string, string>) : Object.fromEntries(new URLSearchParams(body));
};

/** The same text under the signature, with one field hidden in the name of another. */
function resplit(callback: VonageCallback): VonageCallback {
  const { scts, status, ...fields } = fieldsOf(callback);
  return carried({ ...fields, [`scts=${scts}&status`]: status! }, 'json');
}
