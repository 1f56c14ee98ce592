import { NestFactory } from '@nestjs/core';
import { log, nestLogger } from '@app/platform';
import { WorkerModule } from './worker.module.js';

export async function work(): Promise<void> {
  const app = await NestFactory.createApplicationContext(WorkerModule, { logger: nestLogger(), abortOnError: false });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  log().info('The worker runs.');
}
