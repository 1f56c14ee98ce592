import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const count = z.number().int().nonnegative();
const standing = z.object({
  /** How far the file was read, in bytes and lines. */
  offset: count,
  line: count,
  imported: count,
  existing: count,
  rejected: count,
  /** How long the file of rejected lines was by then. */
  rejectedBytes: count,
});
export type Standing = z.output<typeof standing>;

const journal = z.object({ company: z.string(), run: z.string(), beginning: z.string(), done: standing, next: standing.nullable() });
type Journal = z.output<typeof journal>;

/** By how much of its beginning a file is known again. */
const BEGINNING = 64 * 1024;
const START: Standing = { offset: 0, line: 0, imported: 0, existing: 0, rejected: 0, rejectedBytes: 0 };

/**
 * How far an import has come, in `<file>.progress`, and the lines it refused, in `<file>.rejected`. Written before each batch commits, with the
 * standing on either side of it: which of the two holds after a crash, the database knows.
 */
export class ImportJournal {
  private rejectedFile: FileHandle | undefined;

  private constructor(
    private readonly file: string,
    private journal: Journal,
  ) {}

  /** Goes on where an import of this file into this company ended, or begins anew. */
  static async open(file: string, company: string, isCommitted: (run: string, line: number) => Promise<boolean>): Promise<ImportJournal> {
    const beginning = await beginningOf(file);
    const known = await readFile(`${file}.progress`, 'utf8').then(
      (text) => journal.safeParse(JSON.parse(text)).data,
      () => undefined,
    );
    if (known?.company !== company || known.beginning !== beginning) {
      await rm(`${file}.rejected`, { force: true });
      return new ImportJournal(file, { company, run: randomUUID(), beginning, done: START, next: null });
    }
    const done = known.next && (await isCommitted(known.run, known.next.line)) ? known.next : known.done;
    // What a batch that was never committed refused will be refused again.
    if (done.rejectedBytes > 0) await truncate(`${file}.rejected`, done.rejectedBytes);
    else await rm(`${file}.rejected`, { force: true });
    return new ImportJournal(file, { ...known, done, next: null });
  }

  get run(): string {
    return this.journal.run;
  }

  get done(): Standing {
    return this.journal.done;
  }

  /** Lines that are refused, with what is in them: for the eyes of whoever may read the file itself. */
  async reject(rows: object[]): Promise<number> {
    if (rows.length === 0) return this.done.rejectedBytes;
    this.rejectedFile ??= await open(`${this.file}.rejected`, 'a', 0o600);
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await this.rejectedFile.appendFile(text);
    return this.done.rejectedBytes + Buffer.byteLength(text);
  }

  /** To be called before the batch commits. */
  prepare(next: Standing): Promise<void> {
    this.journal = { ...this.journal, next };
    return this.write();
  }

  /** The batch has committed. Nothing is written: the next one's preparation says so, or the database does. */
  committed() {
    this.journal = { ...this.journal, done: this.journal.next ?? this.journal.done, next: null };
  }

  async finish(): Promise<void> {
    await this.close();
    await rm(`${this.file}.progress`, { force: true });
  }

  async close(): Promise<void> {
    await this.rejectedFile?.close();
    this.rejectedFile = undefined;
  }

  /** Whole or not at all. */
  private async write(): Promise<void> {
    await writeFile(`${this.file}.progress.new`, JSON.stringify(this.journal), { mode: 0o600 });
    await rename(`${this.file}.progress.new`, `${this.file}.progress`);
  }
}

async function beginningOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex');
  } finally {
    await handle.close();
  }
}
