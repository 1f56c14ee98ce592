type Output = { write(text: string): unknown; isTTY?: boolean };

const number = (value: number) => Math.round(value).toLocaleString('en-US');
const time = (seconds: number) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

/** How far, how fast, how much longer: in place on a terminal, a line now and then elsewhere. */
export class ImportMeter {
  private readonly started = performance.now();
  private readonly everyMs: number;
  private shown = performance.now();

  constructor(
    private readonly out: Output,
    private readonly size: number,
    private readonly from: { line: number; offset: number },
  ) {
    this.everyMs = out.isTTY ? 500 : 5_000;
  }

  at(line: number, offset: number) {
    if (performance.now() - this.shown < this.everyMs) return;
    this.shown = performance.now();
    const seconds = (this.shown - this.started) / 1000;
    const share = (this.size - offset) / Math.max(1, offset - this.from.offset);
    const [lines, rest] = [line - this.from.line, (line - this.from.line) * share];
    const text = `${number(line)} lines, ${number(lines / seconds)} a second; about ${number(rest)} lines and ${time(seconds * share)} to go`;
    this.out.write(this.out.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** For what else is to be said. */
  clear() {
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }
}
