import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { config, migrate } from '@app/platform';
import { startHttp } from '../api/start.js';
import { createDemo } from './demo.js';
import { StandaloneModule } from './standalone.module.js';

export { DEMO_SIGN_INS } from './demo.js';

/** Whether what companies without a provider send can be read at /dev/inbox. */
export const hasInbox = () => config.SANDBOX;

/** Whether Swagger is served. */
export const hasDocumentation = () => config.swagger;

/** Migrates, where this process may, and starts API and worker. Reads the settings: import it when they are complete. */
export async function startProduct({ demo, say }: { demo: boolean; say: (sentence: string) => void }): Promise<NestFastifyApplication> {
  if (config.MIGRATION_DATABASE_URL) await migrate(say);
  const app = await startHttp(StandaloneModule);
  if (demo) await createDemo(app);
  return app;
}
