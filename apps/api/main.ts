import 'reflect-metadata';
import { running } from './process.js';

await running('The API', async () => {
  // By its path: the library's name would load the whole of it.
  (await import('../../libs/platform/config.js')).readSettings();
  const { serve } = await import('./serve.js');
  await serve();
});
