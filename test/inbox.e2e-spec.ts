import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './support/delivery-world.js';
import { ownApi } from './support/own-process.js';
import { type Run, start, stopAll } from './support/standalone.js';
import { World } from './support/world.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchword-inbox-'));
  chmodSync(folder, 0o711); // as root, PostgreSQL runs as somebody else, who must pass through
});
afterAll(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Message {
  to: string;
  text: string;
  code: string;
  company: string;
}

/** A demo administrator at `npm start`. */
async function signedIn(url: string, email: string) {
  const call = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as any };
  };
  const { body } = await call('/api/auth/login', { email, password: 'SecurePass123!' });
  return { post: (path: string, given: object) => call(path, given, body.access_token) };
}

const read = async (url: string, query = '') => ((await (await fetch(`${url}/dev/inbox${query}`)).json()) as { data: Message[] }).data;
const arrived = (url: string, query: string) => eventually(async () => (await read(url, query))[0]);
const page = async (url: string) => {
  const response = await fetch(`${url}/dev/inbox`, { headers: { accept: 'text/html,*/*;q=0.8' } });
  return {
    policy: response.headers.get('content-security-policy')!,
    type: response.headers.get('content-type'),
    text: await response.text(),
  };
};

/** Reads the stream until it holds what is wanted, or ends. */
async function heard(stream: AsyncIterator<Uint8Array>, wanted: RegExp): Promise<string> {
  let text = '';
  while (!wanted.test(text)) {
    const { done, value } = await stream.next();
    if (done) return `${text}(the end)`;
    text += Buffer.from(value).toString();
  }
  return text;
}

describe('The sandbox inbox of npm start', { timeout: 120_000 }, () => {
  let run: Run;
  let tess: Awaited<ReturnType<typeof signedIn>>;
  beforeAll(async () => {
    run = await start(join(folder, 'data'));
    tess = await signedIn(run.url, 'admin@techcorp.com');
  }, 120_000);

  const sends = async (to: string, channel: string) => {
    const sent = await tess.post('/api/verifications', { to, channel });
    expect(sent.status, JSON.stringify(sent.body)).toBe(201);
    return sent.body.id as string;
  };

  it('is told at the start, and takes the code of a company that has set up nothing; the code is right once', async () => {
    expect(run.shown()).toContain(`Messages arrive at: ${run.url.replace('127.0.0.1', 'localhost')}/dev/inbox\n`);
    const id = await sends('612 000 001', 'sms');
    const message = await arrived(run.url, '?to=%2B34612000001');
    expect(message).toEqual({
      id: expect.any(String),
      channel: 'sms',
      to: '+34612000001',
      text: expect.stringContaining(message.code),
      subject: null,
      code: expect.stringMatching(/^\d{6}$/),
      locale: 'en',
      company: 'TechCorp',
      taken_at: expect.stringMatching(/Z$/),
    });
    expect((await tess.post(`/api/verifications/${id}/check`, { code: message.code })).body).toMatchObject({ valid: true });
    expect((await tess.post(`/api/verifications/${id}/check`, { code: message.code })).body).toMatchObject({ valid: false });
  });

  it('stands in the one description of the API, which is the same where it is not served', async () => {
    const committed = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));
    expect(committed.paths['/dev/inbox'].get.description).toContain('404 otherwise');
    expect(await (await fetch(`${run.url}/openapi.json`)).json()).toEqual(committed);
  });

  it('shows the newest first, of everybody or of one recipient, however the plus was written', async () => {
    await sends('+34612000002', 'sms');
    await arrived(run.url, '?to=%2B34612000002');
    await sends('Ana@Example.com', 'email');
    const mail = await arrived(run.url, '?to=ANA@example.com');
    expect(mail).toMatchObject({ channel: 'email', subject: 'Your TechCorp code', html: expect.stringContaining(mail.code) });
    expect((await read(run.url)).slice(0, 2).map(({ to }) => to.toLowerCase())).toEqual(['ana@example.com', '+34612000002']);
    expect((await read(run.url, '?to=+34612000002')).map(({ to }) => to)).toEqual(['+34612000002']);
    expect(await read(run.url, '?to=34612000002')).toEqual([]);
    expect((await fetch(`${run.url}/dev/inbox?to=a&to=b`)).status).toBe(400);
  });

  it('is a page for a browser: it looks again by itself, and nothing that a message says runs or loads', async () => {
    const raw = await tess.post('/api/messages', {
      recipient: '+34612000003',
      channel: 'sms',
      message: '<script>alert(1)</script> <img src=x> & "more"',
    });
    expect(raw.status, JSON.stringify(raw.body)).toBeLessThan(300);
    await arrived(run.url, '?to=%2B34612000003');
    const { policy, type, text } = await page(run.url);
    expect(type).toBe('text/html; charset=utf-8');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /);
    expect(text).toContain('<meta http-equiv="refresh"');
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x&gt; &amp; &quot;more&quot;');
    expect(text).not.toMatch(/<script|<img/i);
  });

  it('tells who listens of each message, and can be emptied', async () => {
    const streaming = new AbortController();
    const response = await fetch(`${run.url}/dev/inbox/stream?to=%2B34612000004`, { signal: streaming.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const stream = response.body![Symbol.asyncIterator]();
    await sends('+34612000005', 'sms');
    await arrived(run.url, '?to=%2B34612000005');
    await sends('+34612000004', 'sms');
    const event = await heard(stream, /\n\n$/);
    const told = JSON.parse(/^data: (.*)$/m.exec(event)![1]!);
    expect(told).toEqual((await read(run.url, '?to=%2B34612000004'))[0]);
    expect(event).not.toContain('+34612000005');
    streaming.abort();

    expect((await fetch(`${run.url}/dev/inbox`, { method: 'DELETE' })).status).toBe(204);
    expect(await read(run.url)).toEqual([]);
    expect((await page(run.url)).text).toContain('Nothing yet.');
  });

  it('keeps nobody from stopping who listens still, and is gone without a sandbox', async () => {
    const listening = await fetch(`${run.url}/dev/inbox/stream`);
    const end = heard(listening.body![Symbol.asyncIterator](), /never/);
    expect(await run.stop('SIGINT')).toBe(0);
    expect(await end).toContain('(the end)');

    const without = await start(join(folder, 'data'), { env: { SANDBOX: 'false' } });
    expect(without.shown()).not.toContain('/dev/inbox');
    for (const path of ['/dev/inbox', '/dev/inbox/stream']) expect((await fetch(`${without.url}${path}`)).status).toBe(404);
    const admin = await signedIn(without.url, 'admin@techcorp.com');
    expect((await admin.post('/api/verifications', { to: '612000006', channel: 'sms' })).body.code).toBe('notifications.no_provider');
    await without.stop();
  });
});

describe('The API by itself', () => {
  it('has no inbox, not even with a sandbox', async () => {
    const world = new World();
    const sandboxed = await ownApi({ SANDBOX: 'true' });
    try {
      for (const url of [world.stack.urls[0], sandboxed.url])
        for (const path of ['/dev/inbox', '/dev/inbox/stream']) expect((await fetch(`${url}${path}`)).status).toBe(404);
    } finally {
      await sandboxed.stop();
      await world.stop();
    }
  });
});
