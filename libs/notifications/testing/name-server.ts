import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

const HEADER_BYTES = 12;
const TYPE = { 1: 4, 28: 6 } as const;

/** A name server on loopback (RFC 1035) that answers alike for every name; or, without answers, not at all. */
export class NameServer {
  answers: { 4: string[]; 6: string[] } | undefined = { 4: [], 6: [] };
  private readonly socket = createSocket('udp4', (question, { port, address }) => {
    if (this.answers) this.socket.send(reply(question, this.answers), port, address);
  });

  async start(): Promise<this> {
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    return this;
  }

  get address() {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop() {
    this.socket.close();
  }
}

function reply(question: Buffer, answers: { 4: string[]; 6: string[] }): Buffer {
  let end = HEADER_BYTES;
  while (question[end] !== 0) end += question[end]! + 1;
  const type = question.readUInt16BE(end + 1) as keyof typeof TYPE;
  const records = (answers[TYPE[type]] ?? []).map((address) => record(type, Buffer.from(ipaddr.parse(address).toByteArray())));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(question.readUInt16BE(0), 0);
  // An answer, recursion was wanted and is there.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.subarray(HEADER_BYTES, end + 5), ...records]);
}

/** Of the name in the question, for no time at all. */
function record(type: number, address: Buffer): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt16BE(address.length, 10);
  return Buffer.concat([fixed, address]);
}
