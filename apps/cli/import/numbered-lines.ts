import { createReadStream } from 'node:fs';

/** The longest line that is read, in bytes. */
const MAX_LINE = 64 * 1024;
const NEWLINE = 0x0a;

export interface NumberedLine {
  /** From 1. */
  line: number;
  /** Where the next one begins, in bytes. */
  end: number;
  /** Undefined when it is too long or is not UTF-8; `bytes` then holds its beginning. */
  text: string | undefined;
  bytes: Buffer;
  problem: string | undefined;
}

/** The lines of a file after a place in it. Whatever their length, no more than the longest one and a piece of the file are held. */
export async function* numberedLines(file: string, after: { offset: number; line: number }): AsyncGenerator<NumberedLine> {
  let { offset, line } = after;
  let rest: Buffer = Buffer.alloc(0);
  const ended = (tail: Uint8Array, length: number) => {
    offset += length;
    return read(++line, offset, joined(rest, tail));
  };
  let waiting = 0;
  for await (const chunk of createReadStream(file, { start: offset, highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield ended(chunk.subarray(start, end), waiting + end + 1 - start);
      rest = Buffer.alloc(0);
      waiting = 0;
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start));
    waiting += chunk.length - start;
  }
  if (waiting > 0) yield ended(Buffer.alloc(0), waiting);
}

/** Of what is too long anyway, no more is kept. */
const joined = (rest: Buffer, more: Uint8Array) => (rest.length > MAX_LINE ? rest : Buffer.concat([rest, more.subarray(0, MAX_LINE + 1)]));

function read(line: number, end: number, bytes: Buffer): NumberedLine {
  if (bytes.length > MAX_LINE) return { line, end, bytes, text: undefined, problem: 'is longer than 64 KiB' };
  try {
    return { line, end, bytes, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim(), problem: undefined };
  } catch {
    return { line, end, bytes, text: undefined, problem: 'is not UTF-8' };
  }
}
