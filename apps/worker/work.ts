import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { config, hardenHttp, httpAdapter, log, nestLogger } from '@app/platform';
import { WorkerModule } from './worker.module.js';

const options = () => ({ logger: nestLogger(), abortOnError: false });

export async function work(): Promise<void> {
  const port = config.WORKER_PORT;
  const app = port === undefined ? await NestFactory.createApplicationContext(WorkerModule, options()) : await probed(port);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  log().info('The worker runs.');
}

/** With the platform's own routes, and no others: probes and metrics. */
async function probed(port: number): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(WorkerModule, httpAdapter(), { ...options(), bodyParser: false });
  await hardenHttp(app);
  await app.listen(port, config.HOST);
  return app;
}
