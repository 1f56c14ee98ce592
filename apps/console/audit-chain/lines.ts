/** The longest line that is read, in bytes; what is longer is no event. */
export const LONGEST = 1024 * 1024;
const LINE_FEED = 10;

/** One line's text; undefined: too long to be one. Bytes that are no UTF-8 make a text that is no JSON. */
export type Line = string | undefined;

/** Cuts a stream of bytes into lines, holding no more than one line. */
export class LineCutter {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private begun: Uint8Array[] = [];
  private length = 0;

  *cut(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.hold(chunk.subarray(start, end));
      yield this.take();
      start = end + 1;
    }
    this.hold(chunk.subarray(start));
  }

  /** What stands after the last line feed. */
  *rest(): Generator<Line> {
    if (this.length > 0) yield this.take();
  }

  private hold(bytes: Uint8Array) {
    this.length += bytes.length;
    if (this.length <= LONGEST) this.begun.push(bytes);
    else this.begun = [];
  }

  private take(): Line {
    const { begun, length } = this;
    [this.begun, this.length] = [[], 0];
    if (length > LONGEST) return undefined;
    if (begun.length === 1) return this.decoder.decode(begun[0]);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of begun) {
      whole.set(piece, at);
      at += piece.length;
    }
    return this.decoder.decode(whole);
  }
}
