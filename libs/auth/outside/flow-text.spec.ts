import { randomBytes, randomUUID } from 'node:crypto';
import { hashOf, readFlowText, writeFlowText } from './flow-text.js';

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

describe('The text of a flow', () => {
  const [tenant, flow] = [randomUUID(), randomUUID()];

  it('names its company and flow, and is kept as a hash that differs each time', () => {
    const [one, other] = [writeFlowText('outside-state', tenant, flow), writeFlowText('outside-state', tenant, flow)];
    expect(readFlowText('outside-state', one.text)).toEqual({ tenantId: tenant, flowId: flow, hash: one.hash });
    expect(one.hash).not.toEqual(other.hash);
    expect(one.text).toMatch(/^[\w-]{107}$/);
    expect(one.hash).not.toEqual(hashOf(one.text));
  });

  it('is good for the one purpose it was made for', () => {
    expect(readFlowText('outside-code', writeFlowText('outside-state', tenant, flow).text)).toBeUndefined();
    expect(readFlowText('outside-state', writeFlowText('outside-code', tenant, flow).text)).toBeUndefined();
  });

  it('is nothing when it is cut, longer, altered or another thing', () => {
    const { text } = writeFlowText('outside-state', tenant, flow);
    const altered = [...text].map((letter, at) => text.slice(0, at) + (letter === 'A' ? 'B' : 'A') + text.slice(at + 1));
    for (const odd of ['', 'x', text.slice(1), text.slice(0, -1), `${text}A`, `${text}=`, ` ${text}`, tenant, ...altered])
      expect(readFlowText('outside-state', odd), odd).toBeUndefined();
  });
});
