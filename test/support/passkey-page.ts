import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const bundle = new URL('../../node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js', import.meta.url);

/** A page of somebody's front end, with nothing on it but the library that talks to authenticators; served at localhost. */
export async function passkeyPage() {
  const server = createServer(({ url }, response) => {
    if (url === '/webauthn.js') response.setHeader('content-type', 'text/javascript').end(readFileSync(bundle));
    else response.setHeader('content-type', 'text/html').end('<!doctype html><title>Sign in</title><script src="/webauthn.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { origin: `http://localhost:${port}`, stop: () => void server.close() };
}

/** Chromium at that page, with an authenticator built in whose holder always agrees. */
export async function browserAt(origin: string) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const page = await browser.newPage();
  await page.goto(origin);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const add = (more: object = {}) =>
    devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...more,
      },
    });
  const { authenticatorId } = await add();
  return { browser, page, devtools, authenticatorId };
}

/** What a script on the page does. */
export const inPage = {
  create: (page: Page, optionsJSON: unknown) =>
    page.evaluate((options) => (globalThis as any).SimpleWebAuthnBrowser.startRegistration({ optionsJSON: options }), optionsJSON as any),
  get: (page: Page, optionsJSON: unknown) =>
    page.evaluate((options) => (globalThis as any).SimpleWebAuthnBrowser.startAuthentication({ optionsJSON: options }), optionsJSON as any),
  call: (page: Page, url: string, body: unknown, token?: string): Promise<{ status: number; body: any }> =>
    page.evaluate(
      async ([to, sent, bearer]) => {
        const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) };
        const response = await fetch(to as string, { method: 'POST', headers, body: JSON.stringify(sent) });
        return { status: response.status, body: await response.json() };
      },
      [url, body, token] as [string, any, string | undefined],
    ),
};
