import { enableCompileCache, flushCompileCache } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const SENTENCES: Record<string, (error: NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string }) => string> = {
  EADDRINUSE: ({ address, port }) => `Port ${port} on ${address} is taken. Stop what listens there, or choose another: PORT=8001.`,
  EADDRNOTAVAIL: ({ address }) => `This machine has no address ${address}. Set HOST to one it has, or to 0.0.0.0 for all of them.`,
  EACCES: ({ port }) => `This account may not listen on port ${port}. Choose one above 1023: PORT=8000.`,
  ECONNREFUSED: ({ address, port }) => `No PostgreSQL answers at ${address}:${port}. Start it, or correct DATABASE_URL.`,
  ENOTFOUND: ({ hostname }) => `The host ${hostname} cannot be found: correct DATABASE_URL, or HOST.`,
  '42501': () =>
    'The role of MIGRATION_DATABASE_URL may not make what it must: let the database belong to it (alter database … owner to …), and give it CREATEROLE.',
  '28P01': () => 'PostgreSQL refuses the password of DATABASE_URL.',
  '28000': () => 'PostgreSQL does not let the role of DATABASE_URL in.',
  '3D000': () => 'The database that DATABASE_URL names does not exist.',
};

const LEAST_NODE = 22;

/** A failure to start as one sentence, or undefined when only a stack trace will do. */
export function sentence(error: unknown): string | undefined {
  const named = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[]; previous?: unknown };
  if (named?.name === 'ConfigError' || named?.name === 'StandaloneError') return named.message;
  const at = named?.errors?.[0] ?? named;
  return at?.code && SENTENCES[at.code] ? SENTENCES[at.code]!(at) : undefined;
}

/**
 * Runs a process's start, which loads the rest: what is loaded reads the settings, and a wrong one must end in a sentence, too.
 * When it fails, says why in one sentence and exits with 1.
 */
export async function running(what: string, start: () => Promise<void>): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
    process.stderr.write(
      `${what} cannot start. It needs Node ${LEAST_NODE} or newer, and this is ${process.version}: the commands of npm bring their own, after npm ci.\n`,
    );
    process.exit(1);
  }
  // Before anything uses the thread pool: with more threads than cores, password hashes only slow each other down.
  process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism());
  // Beside the code, whose owner it is trusted like; where that cannot be written to, each start compiles again.
  enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'watchword'));
  try {
    await start();
    flushCompileCache();
  } catch (error) {
    const clear = sentence(error);
    process.stderr.write(`${what} cannot start. ${clear ?? (error as Error).stack}\n`);
    process.exit(1);
  }
}
