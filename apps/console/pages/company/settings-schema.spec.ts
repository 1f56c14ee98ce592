import { describe, expect, it } from 'vitest';
import { faultsOf, initialOf, sentOf, type SettingsSchema } from './settings-schema.js';

const schema: SettingsSchema = {
  type: 'object',
  properties: {
    host: { type: 'string', maxLength: 253, pattern: '^[a-z.]+$' },
    port: { type: 'integer', minimum: 1, maximum: 65_535, default: 587 },
    password: { type: 'string', writeOnly: true },
    key: { type: 'string', writeOnly: true },
    tls: { type: 'boolean' },
    proxy: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
  },
  required: ['host', 'key'],
};

describe('The form of a provider', () => {
  it('begins with what holds when nothing is stored, and shows no secret that is', () => {
    expect(initialOf(schema, undefined)).toEqual({ host: '', port: 587, password: '', key: '', tls: false, proxy: { url: '' } });
    expect(initialOf(schema, { host: 'a.b', key: 'no' })).toMatchObject({ host: 'a.b', port: '', key: '' });
  });

  it('sends what was typed, keeps secrets that were not, and ends those it is told to', () => {
    const values = { host: ' a.b ', port: '', password: ' as typed ', key: '', tls: false, proxy: { url: '' } };
    expect(sentOf(schema, values)).toEqual({ host: 'a.b', password: ' as typed ', tls: false });
    expect(sentOf(schema, { ...values, password: '' }, ['password'])).toEqual({ host: 'a.b', password: null, tls: false });
  });

  it('says what is missing or has not the right form, but for secrets that are stored', () => {
    const values = { host: 'A B', port: 0, password: '', key: '', proxy: { url: '' } };
    const faults = { 'settings.host': 'form', 'settings.port': 'range', 'settings.key': 'missing', 'settings.proxy.url': 'missing' };
    expect(faultsOf(schema, values, [])).toEqual(faults);
    expect(faultsOf(schema, values, ['key'])).not.toHaveProperty('settings.key');
  });
});
