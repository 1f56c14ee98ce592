import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { config, hardenHttp, httpAdapter, nestLogger } from '@app/platform';
import { serveConsole } from './console.js';
import { serveDocumentation } from './documentation.js';
import { describeInbox } from './inbox-documentation.js';

/** A module's HTTP side, hardened, documented and listening. */
export async function startHttp(module: new () => unknown): Promise<NestFastifyApplication> {
  const app = await createHttp(module);
  await app.listen(config.PORT, config.HOST);
  return app;
}

export async function createHttp(module: new () => unknown): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, httpAdapter(), {
    logger: nestLogger(),
    abortOnError: false,
    bodyParser: false,
  });
  await hardenHttp(app);
  if (config.swagger) serveDocumentation(app, await describeInbox());
  if (config.CONSOLE) await serveConsole(app);
  return app;
}
