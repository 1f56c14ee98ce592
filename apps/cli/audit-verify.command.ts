import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
// Not through @app/audit: verifying needs neither Nest nor a database, so it starts at once and runs anywhere.
import { MAX_LINE, verifyChain, type ChainReport, type Problem, type VerifyOptions } from '../../libs/audit/chain-verifier.js';

const USAGE = `Usage: watchword audit verify <file> --key <jwk> [--company <id>] [--json] [--from <seq> --prev-hash <hex>]

  <file>        the audit export (NDJSON), or - to read it from standard input
  --key         the public key: a file holding a JWK or JWKS, or that JSON itself
  --company     whose export it must be, by id: another company's is refused
  --json        print the result as one JSON object
  --from        the export is a slice that begins with this seq, after an event whose hash is --prev-hash

Exit status: 0 the chain is whole and a signed head covers its last event, 1 it is not, 2 no verdict (wrong usage, or something could not be read).
A file cannot show that events and their heads were both cut off its end: append heads you kept to it, they may stand anywhere.
`;

const PROGRESS_EVERY = 100_000; // lines
const NEWLINE = 0x0a;

type Output = { write(text: string): unknown; isTTY?: boolean };
type Terminal = { stdout: Output; stderr: Output; stdin?: AsyncIterable<Uint8Array> };

/** `argv` is what follows `watchword audit verify`. Returns the exit status; the verdict goes to stdout, everything else to stderr. */
export async function auditVerify(argv: string[], out: Terminal): Promise<number> {
  try {
    const { file, key, json, help, ...options } = readArguments(argv);
    if (help) return say(out.stdout, USAGE, 0);
    const publicKeys = await readKey(key);
    const lines = splitLines(file === '-' ? (out.stdin ?? process.stdin) : read(file));
    const report = await verifyChain(withProgress(lines, out.stderr), publicKeys, options);
    return say(out.stdout, `${json ? JSON.stringify(report) : describeReport(report, options.from)}\n`, report.ok ? 0 : 1);
  } catch (error) {
    return say(out.stderr, `watchword audit verify: ${sentence(error)}\n`, 2);
  }
}

/** Of a file that cannot be read, in words. */
function sentence(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `There is no file ${path}.`;
  if (code === 'EACCES') return `You may not read ${path}.`;
  if (code === 'EISDIR') return 'It takes files, and a directory was named.';
  return message ?? String(error);
}

function say(output: Output, text: string, status: number) {
  output.write(text);
  return status;
}

function readArguments(argv: string[]) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      company: { type: 'string' },
      json: { type: 'boolean', default: false },
      from: { type: 'string' },
      'prev-hash': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { key = '', json, help } = values;
  const [file = ''] = positionals;
  if (!help && (positionals.length !== 1 || !file || !key)) throw new Error(`One file and one --key are needed.\n\n${USAGE}`);
  return { file, key, json, help, companyId: readCompany(values.company), from: readSlice(values.from, values['prev-hash']) };
}

function readCompany(id?: string): string | undefined {
  if (id !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new Error('--company takes the id of a company.');
  return id?.toLowerCase();
}

function readSlice(from?: string, prevHash?: string): VerifyOptions['from'] {
  if (from === undefined && prevHash === undefined) return undefined;
  const seq = Number(from);
  if (!Number.isSafeInteger(seq) || seq < 2)
    throw new Error('--from takes the first seq of the slice, 2 or more, and goes with --prev-hash.');
  if (!/^[0-9a-f]{64}$/.test(prevHash ?? ''))
    throw new Error('--prev-hash takes the hash of the event before the slice: 64 lowercase hex digits.');
  return { seq, prevHash: prevHash! };
}

async function readKey(key: string) {
  const text = key.trimStart().startsWith('{') ? key : await readFile(key, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('--key is not JSON: it takes a JWK or JWKS, or a file that holds one.');
  }
}

/** Opens the file when its first line is asked for, so that its errors are met by the reader. */
async function* read(file: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file);
}

/** Lines without their line feed. Of an over-long line only enough is kept for the verifier to refuse it. */
async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield joined(rest, chunk.subarray(start, end)).toString();
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start));
  }
  if (rest.length > 0) yield rest.toString();
}

const joined = (rest: Buffer, more: Uint8Array) => (rest.length > MAX_LINE ? rest : Buffer.concat([rest, more]));

async function* withProgress(lines: AsyncIterable<string>, stderr: Output): AsyncGenerator<string> {
  let count = 0;
  try {
    for await (const line of lines) {
      yield line;
      count += 1;
      if (stderr.isTTY && count % PROGRESS_EVERY === 0) stderr.write(`\r${number(count)} lines read…`);
    }
  } finally {
    if (stderr.isTTY && count >= PROGRESS_EVERY) stderr.write('\r\x1b[K');
  }
}

function describeReport(report: ChainReport, from: VerifyOptions['from']): string {
  const { problem, events, firstSeq, lastSeq, companyId, heads } = report;
  if (problem)
    return `BROKEN${['empty', 'unsigned'].includes(problem.kind) ? '' : ` at line ${problem.line}`}: ${describeProblem(problem, report)}.`;
  const chain = from ? 'one unbroken chain that follows the given hash' : 'one unbroken chain';
  return `OK: ${count(events, 'event')} (seq ${range(firstSeq!, lastSeq!)}) of company ${companyId} in ${chain}; ${count(heads, 'signed head')}, the newest over seq ${lastSeq}.`;
}

/** A sentence without its full stop. */
function describeProblem(problem: Problem, { companyId, lastSeq, events, unsignedTail }: ChainReport): string {
  const { kind, seq, id, expected, missing, foundAt, detail } = problem;
  const row = id ? `seq ${seq} (id ${id})` : `the signed head over seq ${seq}`;
  switch (kind) {
    case 'empty':
      return 'there are no events in this file';
    case 'malformed':
      return `the line ${detail}`;
    case 'altered':
      return `${row} was altered: its hash does not match its content${seq === expected ? '' : ` (seq ${expected} was expected here)`}`;
    case 'missing':
      return `seq ${range(missing!.from, missing!.to)} ${missing!.from === missing!.to ? 'is' : 'are'} missing before ${row}`;
    case 'reordered':
      return `${row} is out of order: seq ${expected} belongs here${foundAt ? `, and comes only at line ${foundAt}` : ''}`;
    case 'unlinked':
      return `${row} is not linked to ${seq === 1 ? "its company's chain: prev_hash is not the genesis" : `seq ${seq! - 1}: prev_hash is not that event's hash, so one of the two was replaced`}`;
    case 'wrong_company':
      return `${row} belongs to company ${detail}, not to ${companyId}`;
    case 'bad_signature':
      return `${row} cannot be trusted: ${detail}`;
    case 'head_mismatch':
      return `${row} signs another hash than this file has there: history up to seq ${seq} was rewritten`;
    case 'truncated':
      return `${row} vouches for more than is here: ${lastSeq === null ? 'there are no events' : `the events end at seq ${lastSeq}`}, so the end was cut off`;
    case 'unexplained':
      return `${row} lost its personal part, and no erasure in the chain says so`;
    case 'erasure_mismatch':
      return `${row} erased other events than are here: one of those it vouches for was altered since`;
    case 'unsigned':
      return unsignedTail === events
        ? `no signed head covers any of the ${count(events, 'event')} in this file, so anybody could have written it`
        : `no signed head covers the last ${count(unsignedTail, 'event')} (seq ${range(lastSeq! - unsignedTail + 1, lastSeq!)}), so anybody could have written them`;
  }
}

const number = (value: number) => value.toLocaleString('en-US');
const count = (value: number, noun: string) => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
const range = (from: number, to: number) => (from === to ? `${from}` : `${from}–${to}`);
