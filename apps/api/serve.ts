import { config, log } from '@app/platform';
import { AppModule } from './app.module.js';
import { startHttp } from './start.js';

export async function serve(): Promise<void> {
  const app = await startHttp(AppModule);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  log().info(`The API listens on ${config.HOST}:${config.PORT}.`);
}
