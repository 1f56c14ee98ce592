import { Socket } from 'node:net';

const SILENT_MS = 16_000;

/** A socket for PostgreSQL. No statement may take longer than 15 s, so a connection that is silent for longer is dead, whatever TCP still believes. */
export const databaseSocket = () => {
  const socket = new Socket();
  // The driver sends a statement in three pieces, which go as one write.
  socket._writev = (pieces, done) => socket._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done);
  return socket.setTimeout(SILENT_MS, () =>
    socket.destroy(Object.assign(new Error('The database said nothing for 16 s.'), { code: 'ETIMEDOUT' })),
  );
};
