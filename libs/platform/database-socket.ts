import { Socket } from 'node:net';

const SILENT_MS = 16_000;

/** A socket for PostgreSQL. No statement may take longer than 15 s, so a connection that is silent for longer is dead, whatever TCP still believes. */
export const databaseSocket = () => {
  const socket = new Socket();
  return socket.setTimeout(SILENT_MS, () =>
    socket.destroy(Object.assign(new Error('The database said nothing for 16 s.'), { code: 'ETIMEDOUT' })),
  );
};
