import { createSocket, Socket } from 'node:dgram';

const [TYPE_A, CLASS_IN] = [1, 1];
const [ANSWER_FLAGS, NO_SUCH_NAME, HEADER_BYTES] = [0x8580, 3, 12];

/** Answers what pods ask of DNS (RFC 1035): names below one domain have the one address that it is given, others don't exist. */
export class NameServer {
  /** Names that were asked for, in order. */
  readonly asked: string[] = [];
  private socket?: Socket;

  /** @param domain such as `amazonaws.com` */
  constructor(private readonly domain: string, private readonly address: string) {}

  start(port = 53, listen = this.address): Promise<void> {
    const socket = createSocket('udp4');
    this.socket = socket;
    socket.on('message', (query, from) => {
      const answer = this.answer(query);
      if (answer !== undefined) socket.send(answer, from.port, from.address);
    });
    return new Promise((resolve, reject) => socket.once('error', reject).bind(port, listen, resolve));
  }

  async stop(): Promise<void> {
    await new Promise<void>(resolve => this.socket ? this.socket.close(resolve) : resolve());
  }

  /** The answer to a query: addresses of IPv4 only, nothing for what isn't a query. */
  answer(query: Buffer): Buffer | undefined {
    if (query.length < HEADER_BYTES || query.readUInt16BE(4) !== 1) return undefined;
    const { name, end } = readName(query);
    const question = query.subarray(HEADER_BYTES, end + 4);
    const known = name === this.domain || name.endsWith(`.${this.domain}`);
    const record = known && query.readUInt16BE(end) === TYPE_A ? this.record() : Buffer.alloc(0);
    this.asked.push(name);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(query.readUInt16BE(0), 0); // the answer is told by the query's number
    header.writeUInt16BE(ANSWER_FLAGS + (known ? 0 : NO_SUCH_NAME), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(record.length > 0 ? 1 : 0, 6);
    return Buffer.concat([header, question, record]);
  }

  private record(): Buffer {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc000 + HEADER_BYTES, 0); // the name is that of the question
    head.writeUInt16BE(TYPE_A, 2);
    head.writeUInt16BE(CLASS_IN, 4);
    head.writeUInt32BE(5, 6); // seconds for which it may be kept
    head.writeUInt16BE(4, 10);
    return Buffer.concat([head, Buffer.from(this.address.split('.').map(Number))]);
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
