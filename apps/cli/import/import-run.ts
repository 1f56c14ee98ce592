import { type ImportedPerson, type PeopleImporter, readImportLine } from '@app/auth';
import type { ImportJournal, Standing } from './import-journal.js';
import type { ImportMeter } from './import-meter.js';
import { type NumberedLine, numberedLines } from './numbered-lines.js';

/** Lines of one transaction. */
const BATCH = 500;

export interface Rejection {
  line: number;
  field: string;
  reason: string;
  /** The line as it was; never shown. */
  input: string;
}

interface Batch {
  lastLine: number;
  end: number;
  people: { person: ImportedPerson; line: NumberedLine }[];
  rejections: Rejection[];
}

interface Run {
  file: string;
  company: string;
  importer: PeopleImporter;
  meter: ImportMeter;
  /** Told of each line that is left out, and why. */
  onRejection(rejection: Rejection): void;
}

const EXISTS = 'somebody of the company has this address already';

/** Imports what is left of the file. */
export async function importAll({ file, company, importer, meter, onRejection }: Run, journal: ImportJournal): Promise<Standing> {
  for await (const { people, rejections, lastLine, end } of batches(file, journal.done)) {
    const { done } = journal;
    const prepare = async (existing: number[]) => {
      const there = existing.map((at) => people[at]!.line).map((line) => rejection(line, 'email', EXISTS));
      const refused = [...rejections, ...there].toSorted((a, b) => a.line - b.line);
      const rejectedBytes = await journal.reject(refused);
      refused.forEach(onRejection);
      await journal.prepare({
        offset: end,
        line: lastLine,
        imported: done.imported + people.length - there.length,
        existing: done.existing + there.length,
        rejected: done.rejected + rejections.length,
        rejectedBytes,
      });
    };
    const place = { run: journal.run, firstLine: done.line + 1, lastLine };
    await importer.write(
      company,
      people.map(({ person }) => person),
      place,
      prepare,
    );
    journal.committed();
    meter.at(lastLine, end);
  }
  return journal.done;
}

/** Reads all of the file and changes nothing. */
export async function rehearse({ file, company, importer, meter, onRejection }: Run): Promise<Standing> {
  const total = { offset: 0, line: 0, imported: 0, existing: 0, rejected: 0, rejectedBytes: 0 };
  for await (const { people, rejections, lastLine, end } of batches(file, total)) {
    const known = await importer.known(
      company,
      people.map(({ person }) => person.emailCanonical),
    );
    const there = people.filter(({ person }) => known.has(person.emailCanonical)).map(({ line }) => rejection(line, 'email', EXISTS));
    [...rejections, ...there].toSorted((a, b) => a.line - b.line).forEach(onRejection);
    total.line = lastLine;
    total.imported += people.length - there.length;
    total.existing += there.length;
    total.rejected += rejections.length;
    meter.at(lastLine, end);
  }
  return total;
}

async function* batches(file: string, { offset, line }: Standing): AsyncGenerator<Batch> {
  let batch: Batch = { lastLine: line, end: offset, people: [], rejections: [] };
  let size = 0;
  for await (const each of numberedLines(file, { offset, line })) {
    Object.assign(batch, { lastLine: each.line, end: each.end });
    if (each.problem !== undefined) batch.rejections.push(rejection(each, '(line)', each.problem));
    else if (each.text !== '') {
      const read = readImportLine(each.text!);
      if ('reason' in read) batch.rejections.push(rejection(each, read.field, read.reason));
      else batch.people.push({ person: read, line: each });
    }
    if (++size < BATCH) continue;
    yield batch;
    [batch, size] = [{ ...batch, people: [], rejections: [] }, 0];
  }
  if (size > 0) yield batch;
}

const rejection = ({ line, text, bytes }: NumberedLine, field: string, reason: string): Rejection => ({
  line,
  field,
  reason,
  input: text ?? bytes.toString('latin1'),
});
