import 'reflect-metadata';
import { running } from './process.js';

await running('The API', async () => {
  const { serve } = await import('./serve.js');
  await serve();
});
