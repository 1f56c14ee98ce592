import { execFile, execFileSync } from 'node:child_process';
import { SnsSimulator } from './simulators/sns.js';

/** Amazon's own command line, which shares no code with the SDK in use: what it takes for SNS is SNS enough. */
const installed = (() => {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const publish = (sns: SnsSimulator, secret: string) =>
  new Promise<Ended>((resolve) => {
    const request = ['--phone-number', '+34600111222', '--message', 'Your Acme code is 493817.'];
    const attributes = '{"AWS.SNS.SMS.SenderID":{"DataType":"String","StringValue":"Acme"}}';
    execFile(
      'aws',
      ['sns', 'publish', '--endpoint-url', sns.url, ...request, '--message-attributes', attributes, '--output', 'json'],
      {
        env: {
          PATH: process.env['PATH'],
          NO_PROXY: '127.0.0.1',
          AWS_ACCESS_KEY_ID: sns.accessKeyId,
          AWS_SECRET_ACCESS_KEY: secret,
          AWS_DEFAULT_REGION: 'eu-west-1',
          AWS_CONFIG_FILE: '/dev/null',
          AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_MAX_ATTEMPTS: '1',
        },
      },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

describe("The SNS simulator, judged by Amazon's command line", () => {
  let sns: SnsSimulator;
  beforeAll(async () => void (sns = await new SnsSimulator().start()));
  afterAll(() => sns.stop());
  beforeEach((test) => {
    if (!installed) test.skip('The AWS command line is not installed (Debian: apt-get install awscli), so it cannot judge.');
  });

  it('takes what it signs, and answers in a way it understands', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await publish(sns, sns.secretAccessKey);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(sns.violations).toEqual([]);
    expect(sns.accepted).toEqual([{ id: JSON.parse(stdout).MessageId, to: '+34600111222', text: 'Your Acme code is 493817.' }]);
    expect(sns.attributes).toEqual({ 'AWS.SNS.SMS.SenderID': 'Acme' });
  });

  it('refuses what is signed with another secret', { timeout: 60_000 }, async () => {
    const { code, stderr } = await publish(sns, 'another+secret/access-key-of-40-characters');
    expect(code).not.toBe(0);
    expect(stderr).toContain('SignatureDoesNotMatch');
    expect(sns.violations).toEqual(['signature: SignatureDoesNotMatch']);
    expect(sns.accepted).toHaveLength(1);
  });

  it('reports a refusal by its code', { timeout: 60_000 }, async () => {
    sns.script('refuse');
    expect((await publish(sns, sns.secretAccessKey)).stderr).toContain('InvalidParameter');
  });
});
