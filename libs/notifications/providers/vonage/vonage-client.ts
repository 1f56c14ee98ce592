/** What the SDK's clients do inside; their types hide it. */
interface Inside {
  sendRequest(request: Request): Promise<unknown>;
  prepareRequest(request: Request): Promise<Request>;
  prepareBody(request: Request): string | undefined;
  parseResponse(request: Request, response: Response): Promise<unknown>;
}
interface Request {
  url: string;
  method: string;
  headers?: Record<string, string>;
}

/**
 * Lends a client of the SDK our patience. Its own requests know no signal, wait for ever and follow redirects with the code in hand; what it
 * writes, signs and reads stays its own.
 *
 * For operators: never set `DEBUG=vonage*`. The SDK then writes whole requests to stderr: codes, API secrets, the private key. Nothing here
 * needs it.
 */
export function withPatience<Client extends object>(client: Client, signal: AbortSignal): Client {
  const inside = client as unknown as Inside;
  inside.sendRequest = async (request) => {
    const prepared = await inside.prepareRequest(request);
    const body = inside.prepareBody(prepared) ?? null;
    const { url, method, headers = {} } = prepared;
    return inside.parseResponse(prepared, await fetch(url, { method, headers, body, signal, redirect: 'manual' }));
  };
  return client;
}

/** Vonage takes numbers without the plus. */
export const withoutPlus = (number: string) => number.replace(/^\+/, '');
