import 'reflect-metadata';
import { join } from 'node:path';
import { running } from '../api/process.js';

export interface Command {
  /** The words that choose it. */
  name: string;
  summary: string;
  /** Reads nothing but its arguments. */
  offline?: true;
  /** Answers the exit code. */
  run(argv: string[]): Promise<number>;
}

/** Every command. Each loads what it needs when it runs, so that the offline ones need no settings. */
const COMMANDS: Command[] = [
  {
    name: 'migrate',
    summary: 'bring the database up to date (as its owner, MIGRATION_DATABASE_URL)',
    run: async (argv) => (await import('./migrate.command.js')).migrateCommand(argv),
  },
  {
    name: 'isolation verify',
    summary: 'look for holes between companies, table by table, and probe them',
    run: async (argv) => (await import('./isolation-verify.command.js')).isolationVerify(argv),
  },
  {
    name: 'audit verify',
    summary: 'check an exported audit chain, offline: <file> --key <jwk>',
    offline: true,
    run: async (argv) => (await import('./audit-verify.command.js')).auditVerify(argv, process),
  },
  {
    name: 'keys rotate',
    summary: 'make a new signing key: access (default) or audit',
    run: async (argv) => (await import('./keys-rotate.command.js')).keysRotate(argv),
  },
  {
    name: 'users import',
    summary: 'people from elsewhere, with their password hashes: <file.ndjson> --company <domain> [--dry-run]',
    run: async (argv) => (await import('./import/users-import.command.js')).usersImport(argv),
  },
  {
    name: 'openapi',
    summary: 'write the description of the API: --out <file>',
    offline: true,
    run: async (argv) => (await import('./openapi.command.js')).openApiCommand(argv),
  },
];

// What a command has to say, it says itself.
process.env.LOG_LEVEL ??= 'warn';
const argv = process.argv.slice(2);
const command = COMMANDS.find(({ name }) => name.split(' ').every((word, at) => argv[at] === word));

if (!command) {
  const asked = argv.length > 0 && !['help', '--help', '-h'].includes(argv[0]!);
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`);
  process[asked ? 'stderr' : 'stdout'].write(
    `${asked ? `There is no command "${argv.join(' ')}".\n` : ''}npm run watchword -- <command>\n${lines.join('\n')}\n`,
  );
  process.exitCode = asked ? 2 : 0;
} else {
  await running(`"${command.name}"`, async () => {
    if (!command.offline && !process.env.DATABASE_URL) await useEmbedded();
    process.exitCode = await command.run(argv.slice(command.name.split(' ').length));
  });
}

/** Without DATABASE_URL, the database of an `npm start` that runs beside is meant. */
async function useEmbedded() {
  const { resolveDataDir } = await import('../standalone/data-directory.js');
  const { runningDatabase } = await import('../standalone/embedded-database.js');
  const dataDir = resolveDataDir(join(import.meta.dirname, '..', '..', '..'), process.env.WATCHWORD_DATA_DIR);
  const found = runningDatabase(dataDir);
  if (found) Object.assign(process.env, found);
  process.stderr.write(
    found
      ? 'DATABASE_URL is not set: this is the database of the `npm start` that is running.\n'
      : `DATABASE_URL is not set, and no \`npm start\` is running on ${dataDir}: if \`npm start\` runs on another data directory, set WATCHWORD_DATA_DIR to that.\n`,
  );
}
