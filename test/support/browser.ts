/** As much of a browser as signing in elsewhere takes: cookies by origin, redirects one by one. */
export class Browser {
  private readonly jars = new Map<string, Map<string, string>>();
  /** Every address it was sent to. */
  readonly visited: string[] = [];

  /** `hosts`: where an origin really listens. */
  constructor(private readonly hosts: Record<string, string> = {}) {}

  /** Follows redirects until a page is shown or `until` is reached, which is not opened. */
  async visit(address: string, until = 'nowhere:'): Promise<{ url: string; status: number; body: any }> {
    for (let url = address, hop = 0; hop < 20; hop++) {
      this.visited.push(url);
      if (url.startsWith(until)) return { url, status: 0, body: undefined };
      const { response, body } = await this.fetch(url);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || !location) return { url, status: response.status, body };
      url = new URL(location, url).href;
    }
    throw new Error(`It never ends: ${this.visited.join(' → ')}`);
  }

  async fetch(url: string, { method = 'GET', json }: { method?: string; json?: unknown } = {}): Promise<{ response: Response; body: any }> {
    const { origin } = new URL(url);
    const jar = this.jars.get(origin) ?? new Map<string, string>();
    this.jars.set(origin, jar);
    const response = await fetch(url.replace(origin, this.hosts[origin] ?? origin), {
      method,
      redirect: 'manual',
      headers: {
        accept: json === undefined ? 'text/html,*/*' : 'application/json',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const [name, ...value] = pair!.split('=');
      const isOver = attributes.some((attribute) => /^max-age=0$/i.test(attribute) || /^expires=Thu, 01 Jan 1970/i.test(attribute));
      if (isOver) jar.delete(name!);
      else jar.set(name!, value.join('='));
    }
    const text = await response.text();
    return { response, body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text };
  }

  cookies = (origin: string) => [...(this.jars.get(origin)?.keys() ?? [])];
}
