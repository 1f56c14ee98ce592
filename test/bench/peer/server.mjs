// better-auth on node:http, the way its documentation mounts it. Settings come as JSON in PEER_SETTINGS.
import { createServer } from 'node:http';
import { toNodeHandler } from 'better-auth/node';
import { createAuth } from './auth.mjs';

const { port, ...settings } = JSON.parse(process.env.PEER_SETTINGS ?? '{}');
const server = createServer(toNodeHandler(createAuth({ ...settings, baseURL: `http://127.0.0.1:${port}` })));
server.keepAliveTimeout = 60_000;
server.listen(port, '127.0.0.1');
