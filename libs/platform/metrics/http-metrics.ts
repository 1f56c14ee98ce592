import type { FastifyReply, FastifyRequest } from 'fastify';
import { counter, histogram } from './metrics.js';

const requests = counter('http_requests_total', 'Requests answered, by route template and class of status.', ['route', 'method', 'status']);
const seconds = histogram(
  'http_request_seconds',
  'Time from a request to the end of its answer.',
  ['route', 'method'],
  [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
);

/** By the route's template, so that no id, token or made-up path becomes a label. */
export function countRequest({ method }: FastifyRequest, { statusCode, elapsedTime }: FastifyReply, route: string): void {
  requests(route, method, `${Math.floor(statusCode / 100)}xx`).inc();
  seconds(route, method).observe(elapsedTime / 1000);
}
