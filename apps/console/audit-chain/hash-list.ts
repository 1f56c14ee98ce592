const SIZE = 32;

/** The hashes of a chain by place, as bytes: 32 an event, where texts would take four times as much. */
export class HashList {
  length = 0;
  private bytes = new Uint8Array(SIZE * 1024);

  push(hex: string) {
    if (SIZE * this.length === this.bytes.length) {
      const wider = new Uint8Array(2 * this.bytes.length);
      wider.set(this.bytes);
      this.bytes = wider;
    }
    const start = SIZE * this.length++;
    for (let at = 0; at < SIZE; at++) this.bytes[start + at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  }

  at(index: number): string | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return Array.from(this.bytes.subarray(SIZE * index, SIZE * (index + 1)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
