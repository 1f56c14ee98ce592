import 'reflect-metadata';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { running } from '../api/process.js';
import { resolveDataDir, type RunningPostgres, StandaloneError, startEmbeddedPostgres } from './embedded-postgres.js';

// Before anything uses the thread pool: more threads than cores make password hashes slower.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism());

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const say = (text: string) => process.stdout.write(`${text}\n`);

async function refuseTakenPort(host: string, port: number) {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
      .once('error', reject)
      .listen(port, host, () => probe.close(() => resolve()));
  });
}

function readArguments() {
  try {
    return parseArgs({ options: { fresh: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    throw new StandaloneError(`${(error as Error).message.split('. ')[0]}. There is \`npm start\`, and \`npm start -- --fresh\`.`);
  }
}

await running('Watchword', async () => {
  const started = Date.now();
  const { values } = readArguments();
  values.fresh ??= process.env.npm_config_fresh === 'true'; // `npm start --fresh`, where npm keeps the option to itself
  if (values.help)
    return void say('npm start             the whole product on this machine\nnpm start -- --fresh  the same, with an empty database');

  const host = (process.env.HOST ??= '127.0.0.1');
  const port = Number((process.env.PORT ??= '8000'));
  process.env.PUBLIC_URL ??= `http://localhost:${port}`;
  process.env.NODE_ENV ??= 'development';
  process.env.LOG_LEVEL ??= 'warn';
  // Who has set up no provider sends to the inbox. Production refuses a sandbox, also one that we would open.
  if (process.env.NODE_ENV !== 'production') process.env.SANDBOX ??= 'true';
  if (Number.isInteger(port) && port >= 0 && port < 65536) await refuseTakenPort(host, port);

  let postgres: RunningPostgres | undefined;
  let close: (() => Promise<void>) | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (code: number) =>
    (stopping ??= (async () => {
      await close?.();
      await postgres?.stop();
      process.exit(code);
    })());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));

  try {
    const embedded = !process.env.DATABASE_URL;
    if (embedded) {
      const dataDir = resolveDataDir(checkout, process.env.WATCHWORD_DATA_DIR);
      postgres = await startEmbeddedPostgres({
        dataDir,
        durable: true,
        ...(values.fresh && { fresh: true }),
        onProgress: say,
        onExit: (sentence) => {
          process.stderr.write(`${sentence}\n`);
          void stop(1);
        },
      });
      const { prepareDatabase } = await import('./embedded-database.js');
      Object.assign(process.env, await prepareDatabase(postgres));
    } else if (values.fresh) {
      throw new StandaloneError('--fresh empties the embedded database only; DATABASE_URL names one of yours, which stays as it is.');
    }

    const { startProduct, DEMO_SIGN_INS, hasDocumentation, hasInbox } = await import('./product.js');
    const app = await startProduct({ demo: embedded, say });
    close = () => app.close();
    const address = `http://localhost:${new URL(await app.getUrl()).port}`;
    say(
      [
        '',
        `  Watchword is ready: ${address}  (${((Date.now() - started) / 1000).toFixed(1)} s)`,
        ...(hasDocumentation() ? [`  Try it in Swagger:  ${address}/docs`] : []),
        ...(hasInbox() ? [`  Messages arrive at: ${address}/dev/inbox`] : []),
        ...(embedded
          ? ['', '  Demo sign-ins, all made with the password SecurePass123!', ...DEMO_SIGN_INS.map((line) => `    ${line}`)]
          : []),
        '',
        postgres ? `  Data: ${postgres.dataDir}  (npm start -- --fresh begins anew)` : '  Data: the database of DATABASE_URL',
        '  Ctrl-C stops everything.',
        '',
      ].join('\n'),
    );
  } catch (error) {
    await close?.().catch(() => {});
    await postgres?.stop();
    throw error;
  }
});
