import { Problem, unreachable } from './problem.js';
import { stepUp } from './step-up.js';

/** Where the person stands: not asked yet, signed out, signed in, or the server did not answer. */
export type Standing = 'unknown' | 'out' | 'in' | 'unreachable';

interface Tokens {
  access_token: string;
  expires_in: number;
}

const CSRF_COOKIE = '__Host-watchword-csrf';
const LOCK = 'watchword-refresh';
/** A token is renewed this long before it ends, so that none ends on its way. */
const EARLY_MS = 15_000;

/**
 * The session of this browser. The refresh token is in a cookie that no script reads; the access token lives in this page's memory
 * alone. Tabs take turns in refreshing, since a refresh token is good once.
 */
class BrowserSession {
  private token: { text: string; until: number; session: string } | undefined;
  /** Whom this page shows: company and person. */
  private who: string | undefined;
  private refreshing: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('watchword-session');
  standing: Standing = 'unknown';
  /** Called when somebody has signed in in another tab, and so in this one. */
  joined = () => {};

  constructor() {
    // Signing out in one tab signs out in all; signing in signs in all, as the same.
    this.channel?.addEventListener('message', ({ data }) => {
      if (data === 'out') this.forget();
      else if (!this.who) void this.refresh().then(this.joined, () => {});
      else if (data !== this.who) beginAnew();
    });
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  snapshot = () => this.standing;
  /** Company and person; undefined where nobody is signed in, or it is not known yet. */
  get person(): string | undefined {
    return this.who;
  }

  /** Resolves once it is known whether somebody is signed in. */
  async settled(): Promise<Standing> {
    if (this.standing === 'unknown' || this.standing === 'unreachable') await this.refresh().catch(() => {});
    return this.standing;
  }

  /** The access token to send, fresh enough to arrive; undefined when nobody is signed in. */
  async accessToken(): Promise<string | undefined> {
    // With a cookie there, somebody has signed in beside this page, which was not told.
    if (this.standing === 'out' && !csrfToken()) return undefined;
    if (!this.token || this.token.until - EARLY_MS < Date.now()) await this.refresh();
    return this.token?.text;
  }

  /** After a sign-in or a step-up. */
  accept({ access_token, expires_in }: Tokens) {
    const { who, session } = holderOf(access_token);
    // Whoever signs in over an open session has taken its cookie: nobody could end it any more.
    if (this.token && this.token.session !== session) signOut(this.token.text);
    // The cookie is every tab's: nothing of one person is shown to, or done as, another.
    if (this.who && this.who !== who) return beginAnew();
    if (!this.who) this.channel?.postMessage(who);
    this.who = who;
    this.token = { text: access_token, until: Date.now() + expires_in * 1000, session };
    this.become('in');
  }

  /** Says that this token was refused: the next one is asked for. */
  refused(text: string) {
    if (this.token?.text === text) this.token = undefined;
  }

  end() {
    this.channel?.postMessage('out');
    this.forget();
  }

  /** @throws Problem when the server was not reached, or is not able just now; the session may live on. */
  refresh(): Promise<void> {
    return (this.refreshing ??= this.locked(() => this.ask()).finally(() => (this.refreshing = undefined)));
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    // Only where pages may keep secrets (https, localhost): elsewhere there are no cookies of ours either.
    return navigator.locks ? navigator.locks.request(LOCK, work) : work();
  }

  private async ask(): Promise<void> {
    const csrf = csrfToken();
    if (!csrf) return this.forget();
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      headers: { 'x-session-mode': 'cookie', 'x-csrf-token': csrf },
    }).catch(() => undefined);
    if (!response || response.status >= 500 || response.status === 429) {
      if (this.standing !== 'in') this.become('unreachable');
      throw response ? await Problem.of(response, await response.json().catch(() => undefined)) : unreachable();
    }
    if (!response.ok) return this.forget();
    this.accept((await response.json()) as Tokens);
  }

  private forget() {
    this.token = undefined;
    this.who = undefined;
    // Whoever comes next answers for nothing that this person asked.
    stepUp.settle(false);
    this.become('out');
  }

  private become(standing: Standing) {
    if (standing === this.standing) return;
    this.standing = standing;
    for (const listener of this.listeners) listener();
  }
}

/** Company and person of an access token, and the session it is of. The server checks it, and nobody here trusts it. */
function holderOf(token: string): { who: string; session: string } {
  const claims = JSON.parse(atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
  return { who: `${claims.company_id}/${claims.sub}`, session: `${claims.sid}` };
}

/** Ends the session of this token at the server. Without cookies, which are another session's by now; also while the page goes. */
const signOut = (token: string) =>
  void fetch('/api/auth/logout', {
    method: 'POST',
    credentials: 'omit',
    keepalive: true,
    headers: { authorization: `Bearer ${token}` },
  }).catch(() => {});

/** At the start of the console, with nothing kept in memory. */
const beginAnew = () => window.location.replace('/');

function csrfToken(): string | undefined {
  const entry = document.cookie.split('; ').find((cookie) => cookie.startsWith(`${CSRF_COOKIE}=`));
  return entry?.slice(CSRF_COOKIE.length + 1) || undefined;
}

export const session = new BrowserSession();
