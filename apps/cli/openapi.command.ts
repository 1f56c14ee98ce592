import { writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

/** Writes the description of the API from the code alone: no database, no settings. */
export async function openApiCommand(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { out: { type: 'string', default: 'openapi.json' } } });
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    NODE_ENV: 'development',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
    LOG_LEVEL: 'silent',
  });
  const { createHttp } = await import('../api/start.js');
  const { AppModule } = await import('../api/app.module.js');
  const { openApi } = await import('../api/documentation.js');
  const { describeInbox } = await import('../api/inbox-documentation.js');
  const app = await createHttp(AppModule);
  writeFileSync(values.out, `${JSON.stringify(openApi(app, await describeInbox()), null, 2)}\n`);
  process.stdout.write(`Wrote ${values.out}.\n`);
  return 0;
}
