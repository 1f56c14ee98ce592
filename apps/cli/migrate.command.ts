import { migrate } from '@app/platform';

export async function migrateCommand(_argv: string[]): Promise<number> {
  await migrate((sentence) => process.stdout.write(`${sentence}\n`));
  process.stdout.write('The database is up to date.\n');
  return 0;
}
