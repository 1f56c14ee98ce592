import 'reflect-metadata';
import { running } from '../api/process.js';

await running('The worker', async () => {
  const { work } = await import('./work.js');
  await work();
});
