import { inject } from 'vitest';
import { Browser } from './browser.js';
import { type OwnProcess, ownApi } from './own-process.js';
import type { Stack } from './stack.js';
import { type Answer, type Company, World } from './world.js';

export const RETURN = 'https://app.test/signed-in';

/** A provider as a test's company knows it. */
export interface Known {
  issuer: string;
  clientId: string;
  secret: string;
}

/** An API that may speak with providers on this machine, and the ways through it. */
export class OpenIdWorld extends World {
  private constructor(
    stack: Stack,
    readonly api: OwnProcess,
  ) {
    super(stack);
  }

  static async open(settings: Record<string, string> = {}): Promise<OpenIdWorld> {
    const api = await ownApi({ PRIVATE_DESTINATIONS: 'true', ...settings });
    return new OpenIdWorld({ ...inject('stack'), urls: [api.url] }, api);
  }

  override async stop() {
    await this.api.stop();
    await super.stop();
  }

  /** Where people's browsers reach the API. */
  get publicUrl(): string {
    return this.stack.env.PUBLIC_URL!;
  }

  browser = () => new Browser({ [this.publicUrl]: this.api.url });

  /** A company whose people may come from this provider. Answers its name for it. */
  async companyOf({ issuer, clientId, secret }: Known, settings: object = {}, company?: Company): Promise<Company> {
    const known = company ?? (await this.company());
    const { status, body } = await known.admin.put('/api/company/identity-providers/acme', {
      issuer,
      client_id: clientId,
      client_secret: secret,
      return_urls: [RETURN],
      ...settings,
    });
    if (status !== 200) throw new Error(`put answered ${status}: ${JSON.stringify(body)}`);
    return known;
  }

  startAddress = ({ domain }: Company, returnTo: string | null = RETURN) =>
    `${this.publicUrl}/api/auth/oidc/${domain}/acme/start${returnTo === null ? '' : `?return_to=${encodeURIComponent(returnTo)}`}`;

  start = ({ domain }: Company, body: object = { return_to: RETURN }) => this.call('POST', `/api/auth/oidc/${domain}/acme/start`, { body });
  exchange = (code: string | null, handle?: string, more: object = {}): Promise<Answer> =>
    this.call('POST', '/api/auth/oidc/exchange', { body: { code, ...(handle && { handle }), ...more } });

  /** The whole way of a client that keeps the handle by itself. What comes back: the query of the return address. */
  async away(
    company: Company,
    browser = this.browser(),
  ): Promise<{ code: string | null; error: string | null; handle: string; url: string }> {
    const { status, body } = await this.start(company);
    if (status !== 200) throw new Error(`start answered ${status}: ${JSON.stringify(body)}`);
    return { ...(await this.comesBack(body.authorization_url, browser)), handle: body.handle };
  }

  async comesBack(address: string, browser = this.browser()) {
    const { url, status, body } = await browser.visit(address, RETURN);
    if (!url.startsWith(RETURN)) throw new Error(`it ended at ${url} with ${status}: ${JSON.stringify(body)}`);
    const { searchParams } = new URL(url);
    return { code: searchParams.get('code'), error: searchParams.get('error'), url };
  }

  /** From the start to the answer of the exchange. */
  async signsIn(company: Company): Promise<Answer> {
    const { code, error, handle } = await this.away(company);
    if (code === null) throw new Error(`it came back with ${error}`);
    return this.exchange(code, handle);
  }
}
