import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ImportModule, PeopleImporter } from '@app/auth';
import { nestLogger, PlatformModule } from '@app/platform';
import { ImportJournal, type Standing } from './import-journal.js';
import { ImportMeter } from './import-meter.js';
import { importAll, rehearse, type Rejection } from './import-run.js';

const USAGE = `Usage: watchword users import <file.ndjson> --company <domain> [--dry-run]

  <file.ndjson>  one person a line, as docs/import.md describes
  --company      the domain of the company they belong to
  --dry-run      read it all, say what would happen, change nothing

Run it again to go on after an interruption. Lines that are left out stand in <file.ndjson>.rejected, with the reason.
Exit status: 0 every line was read, 1 some were refused, 2 nothing was imported (wrong usage, no such file or company).
`;
/** Of so many the terminal tells; the file of all. */
const TOLD = 20;

@Module({ imports: [PlatformModule, ImportModule] })
class ImportProcess {}

const say = (text: string, status: number) => {
  process.stderr.write(text);
  return status;
};

export async function usersImport(argv: string[]): Promise<number> {
  let given: { file: string; domain: string; dryRun: boolean };
  try {
    given = readArguments(argv);
  } catch (error) {
    return say(`watchword users import: ${(error as Error).message}\n\n${USAGE}`, 2);
  }
  const { file, domain, dryRun } = given;
  const about = await stat(file).catch(() => undefined);
  if (!about?.isFile()) return say(`watchword users import: there is no file ${file}.\n`, 2);

  const app = await NestFactory.createApplicationContext(ImportProcess, { logger: nestLogger(), abortOnError: false });
  try {
    const importer = app.get(PeopleImporter);
    const company = await importer.company(domain);
    if (!company) return say(`watchword users import: there is no company ${domain}.\n`, 2);
    return dryRun ? await dry(file, company, importer, about.size) : await wet(file, company, importer, about.size);
  } finally {
    await app.close();
  }
}

async function wet(file: string, company: string, importer: PeopleImporter, size: number): Promise<number> {
  const journal = await ImportJournal.open(file, company, (run, lastLine) =>
    importer.isCommitted(company, { run, firstLine: 0, lastLine }),
  );
  if (journal.done.line > 0) process.stderr.write(`Going on after line ${number(journal.done.line)}.\n`);
  const meter = new ImportMeter(process.stderr, size, journal.done);
  const tell = teller(meter, TOLD);
  try {
    const total = await importAll({ file, company, importer, meter, onRejection: tell.one }, journal);
    await journal.finish();
    meter.clear();
    if (tell.left() > 0) process.stderr.write(`… and ${number(tell.left())} more.\n`);
    process.stdout.write(`${summary(total, 'imported')}${total.rejectedBytes > 0 ? ` What was left out is in ${file}.rejected.` : ''}\n`);
    return total.rejected > 0 ? 1 : 0;
  } finally {
    await journal.close();
  }
}

async function dry(file: string, company: string, importer: PeopleImporter, size: number): Promise<number> {
  const meter = new ImportMeter(process.stderr, size, { line: 0, offset: 0 });
  const total = await rehearse({ file, company, importer, meter, onRejection: teller(meter, Infinity).one });
  meter.clear();
  process.stdout.write(`${summary(total, 'would be imported')} Nothing was changed.\n`);
  return total.rejected > 0 ? 1 : 0;
}

/** Names the line, the field and the reason; of what stands there, nothing. */
function teller(meter: ImportMeter, most: number) {
  let count = 0;
  const one = ({ line, field, reason }: Rejection) => {
    if (++count > most) return;
    meter.clear();
    process.stderr.write(`line ${line}: ${field}: ${reason}\n`);
  };
  return { one, left: () => Math.max(0, count - most) };
}

function readArguments(argv: string[]) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { company: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
  });
  const [file] = positionals;
  if (!file || positionals.length !== 1 || !values.company) throw new Error('One file and --company are needed.');
  return { file, domain: values.company, dryRun: values['dry-run'] };
}

const number = (value: number) => value.toLocaleString('en-US');
const summary = ({ line, imported, existing, rejected }: Standing, verb: string) =>
  `${number(line)} lines: ${number(imported)} people ${verb}, ${number(existing)} were there already, ${number(rejected)} lines refused.`;
