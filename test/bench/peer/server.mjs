// better-auth on node:http, the way its documentation mounts it. Settings come as JSON in PEER_SETTINGS.
import { createServer } from 'node:http';
import { toNodeHandler } from 'better-auth/node';
import { createAuth, sentCodes } from './auth.mjs';

const { port, ...settings } = JSON.parse(process.env.PEER_SETTINGS ?? '{}');
const handle = toNodeHandler(createAuth({ ...settings, baseURL: `http://127.0.0.1:${port}` }));
const server = createServer((request, response) => {
  const [path, email = ''] = (request.url ?? '').split('?');
  if (path !== '/bench/otp') return void handle(request, response);
  const code = sentCodes.get(email) ?? '';
  response.writeHead(200, { 'content-length': code.length }).end(code);
});
server.keepAliveTimeout = 60_000;
server.listen(port, '127.0.0.1');
