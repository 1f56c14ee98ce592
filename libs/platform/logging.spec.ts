import { createLogger, REDACTED } from './logging.js';

/** What a logger of this product writes. */
function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger('trace', { write: (line: string) => void (text += line) }));
  return text;
}
const within = (depth: number, value: object): object => (depth === 0 ? value : { inner: within(depth - 1, value) });

describe('A log line', () => {
  it('knows every name under which this product carries a secret', () => {
    const carried = [
      'authorization',
      'cookie',
      'set-cookie',
      'x-api-key',
      'api_key',
      'password',
      'current_password',
      'new_password',
      'password_hash',
      'code',
      'totp_code',
      'mfa_code',
      'token',
      'access_token',
      'refresh_token',
      'mfa_token',
      'secret',
      'manual_entry_key',
      'otpauth_uri',
      'qr_code',
      'qr_code_uri',
      'backup_codes',
      'state',
    ];
    expect(REDACTED).toEqual(expect.arrayContaining(carried));
  });

  it.each(REDACTED)('never shows what is called %s, down to the fourth level', (name) => {
    for (const depth of [0, 1, 2, 3])
      for (const value of ['canary', ['canary'], { of: 'canary' }, Buffer.from('canary')]) {
        const text = logged((logger) => logger.info(within(depth, { [name]: value, harmless: 'shown' }), 'words'));
        expect(text).not.toMatch(/canary|99,97,110/);
        expect(text).toMatch(/shown.*words/);
      }
  });

  it('of a failure has its kind, reason, words and stack, and not what the database said of the row', () => {
    const failure = Object.assign(new Error('violates check constraint'), {
      code: '23514',
      detail: 'Failing row contains (canary)',
      where: 'canary',
      query: 'canary',
      parameters: ['canary'],
      response: { body: 'canary' },
    });
    for (const key of ['err', 'error']) {
      const text = logged((logger) => logger.error({ [key]: failure }, 'unexpected failure'));
      expect(text).not.toContain('canary');
      expect(JSON.parse(text)[key]).toEqual({
        name: 'Error',
        reason: '23514',
        message: 'violates check constraint',
        stack: expect.stringContaining('logging.spec.ts'),
      });
    }
  });

  it('is one line, whatever is in it', () => {
    const text = logged((logger) => logger.info({ a: 'x\n{"level":60,"msg":"forged"}\r\n\u2028' }, 'line\nbreak'));
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ msg: 'line\nbreak' });
  });
});
