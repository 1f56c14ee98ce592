// A vendor of text messages on loopback: takes what Vonage's SMS API takes, answers at once, and keeps a book of what came. No part of the
// systems under test: a process of its own, so that what it costs counts for nobody.
import { createServer } from 'node:http';
import { Latencies } from '../load/latencies.mjs';
import { since } from '../load/stamp.mjs';

const { VENDOR_PORT, VENDOR_CREDENTIALS = '' } = process.env;
const AUTHORIZATION = `Basic ${Buffer.from(VENDOR_CREDENTIALS).toString('base64')}`;
/** How much of a second's allowance may come at once. */
const BURST = 0.2;

/** @param {number | null} perSecond calls it takes; the others are told to come again. null: all of them */
const newBook = (perSecond) => ({
  perSecond,
  credit: (perSecond ?? 0) * BURST,
  at: performance.now(),
  latencies: new Latencies(),
  /** @type {Map<string, number>} */
  codes: new Map(),
  taken: 0,
  throttled: 0,
  strange: 0,
  first: 0,
  last: 0,
});
let book = newBook(null);

function throttles() {
  if (book.perSecond === null) return false;
  const now = performance.now();
  book.credit = Math.min(Math.max(1, book.perSecond * BURST), book.credit + ((now - book.at) * book.perSecond) / 1000);
  book.at = now;
  if (book.credit < 1) return true;
  book.credit--;
  return false;
}

/** @param {import('node:http').IncomingMessage} request @param {string} body @returns {[status: number, answer: object]} */
function takeMessage({ headers }, body) {
  const { to, text } = JSON.parse(body);
  const code = /^(\w+) is your/.exec(text)?.[1];
  if (headers.authorization !== AUTHORIZATION || !code) {
    book.strange++;
    return [200, { messages: [{ status: '4' }] }];
  }
  if (throttles()) {
    book.throttled++;
    return [429, { title: 'throttled' }];
  }
  book.last = performance.now();
  book.first ||= book.last;
  const waited = since(code);
  if (!Number.isNaN(waited)) book.latencies.add(waited);
  book.codes.set(code, (book.codes.get(code) ?? 0) + 1);
  return [
    200,
    { 'message-count': '1', messages: [{ to, status: '0', 'message-id': (0x1000000 + ++book.taken).toString(16).toUpperCase() }] },
  ];
}

/** @param {import('node:http').IncomingMessage} request @param {string} body @returns {[status: number, answer: object]} */
function answer(request, body) {
  if (request.url === '/sms/json') return takeMessage(request, body);
  if (request.method === 'POST') book = newBook(JSON.parse(body).perSecond);
  const { taken, throttled, strange, first, last, codes, latencies } = book;
  return [200, { taken, throttled, strange, different: codes.size, seconds: (last - first) / 1000, latency: latencies.summary() }];
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const [status, json] = answer(request, body);
    const text = JSON.stringify(json);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(VENDOR_PORT), '127.0.0.1');
