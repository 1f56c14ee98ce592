import { connect } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection with at most one request on its way. Written for the bench: it costs a third of `http.Agent`, and what
 * the client burns on a small machine the servers cannot use.
 *
 * @typedef {{ status: number, head: string, body: string }} Response
 */
export class HttpConnection {
  /** @type {import('node:net').Socket | undefined} */
  #socket;
  /** @type {((response: Response | Error) => void) | undefined} */
  #settle;
  #received = Buffer.alloc(0);

  /** @param {string} origin `http://127.0.0.1:3000` */
  constructor(origin) {
    const { hostname, port } = new URL(origin);
    this.address = { host: hostname, port: Number(port) };
  }

  /**
   * @param {string} payload request line, headers and body
   * @param {(response: Response | Error) => void} settle
   */
  send(payload, settle) {
    this.#settle = settle;
    this.#socket ??= this.#open();
    this.#socket.write(payload);
  }

  /** @param {string} payload @returns {Promise<Response>} */
  request(payload) {
    return new Promise((resolve, reject) =>
      this.send(payload, (response) => (response instanceof Error ? reject(response) : resolve(response))),
    );
  }

  close() {
    this.#socket?.destroy();
  }

  #open() {
    const socket = connect({ ...this.address, noDelay: true });
    const lost = (/** @type {Error | undefined} */ error) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#received = Buffer.alloc(0);
      this.#finish(error ?? new Error('the server closed the connection'));
    };
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      const parsed = parseResponse(this.#received);
      if (!parsed) return;
      this.#received = Buffer.alloc(0);
      if (parsed.closes) {
        this.#socket = undefined;
        socket.destroy();
      }
      this.#finish(parsed.response);
    });
    socket.on('error', lost);
    socket.on('close', () => lost(undefined));
    return socket;
  }

  /** @param {Response | Error} outcome */
  #finish(outcome) {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }
}

/**
 * @param {Buffer} received
 * @returns {{ response: Response, closes: boolean } | undefined} undefined while bytes are missing
 */
function parseResponse(received) {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const closes = /\r\nconnection: close/i.test(head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) {
    const bodyEnd = end + 4 + Number(length[1]);
    return received.length < bodyEnd
      ? undefined
      : { response: { status, head, body: received.toString('utf8', end + 4, bodyEnd) }, closes };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const body = parseChunks(received, end + 4);
    return body === undefined ? undefined : { response: { status, head, body }, closes };
  }
  return { response: { status, head, body: '' }, closes };
}

/** @param {Buffer} received @param {number} from @returns {string | undefined} */
function parseChunks(received, from) {
  let body = '';
  for (let at = from; ;) {
    const lineEnd = received.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(received.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (received.length < next) return undefined;
    if (size === 0) return body;
    body += received.toString('utf8', lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ headers?: Record<string, string>, body?: unknown }} [options]
 */
export function payload(method, path, { headers = {}, body } = {}) {
  let text = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: watchword-bench\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  if (body === undefined) return `${text}\r\n`;
  const json = JSON.stringify(body);
  return `${text}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** @param {Response} response @param {string} name @returns {string | undefined} */
export function header(response, name) {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(response.head)?.[1];
}

/** @param {Response} response the cookies set, as a request sends them back */
export function cookies(response) {
  return [...response.head.matchAll(/\r\nset-cookie: *([^;\r]*)/gi)]
    .map(([, pair]) => pair)
    .filter((pair) => !pair?.endsWith('='))
    .join('; ');
}
