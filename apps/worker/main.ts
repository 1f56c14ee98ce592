import 'reflect-metadata';
import { running } from '../api/process.js';

await running('The worker', async () => {
  // By its path: the library's name would load the whole of it.
  (await import('../../libs/platform/config.js')).readSettings();
  const { work } = await import('./work.js');
  await work();
});
