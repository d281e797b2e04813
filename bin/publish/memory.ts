/** What a request may hold while it is under way. */
export interface Loan {
  readonly buffer: Buffer;
  /** Gives it back. */
  end(): void;
}

/** Buffers of this size and more are used again: a file has thousands of parts, and what is freed does not leave the process at once. */
const KEPT = 2 ** 20;

/** How many requests may be under way, and how many bytes they may hold: who asks first gets first. */
export class Memory {
  private readonly waiting: Array<{ readonly size: number; readonly go: (loan: Loan) => void }> = [];
  private readonly kept: Buffer[] = [];
  private lent = 0;
  private loans = 0;

  constructor(private readonly maxLoans: number, private readonly maxBytes: number) {}

  /** A buffer of that size, once there is room; what is larger than all the room is lent when nothing else is. */
  public lend(size: number): Promise<Loan> {
    return new Promise(go => {
      this.waiting.push({ size, go });
      this.admit();
    });
  }

  public async with<T>(size: number, work: (buffer: Buffer) => Promise<T>): Promise<T> {
    const loan = await this.lend(size);
    try {
      return await work(loan.buffer);
    } finally {
      loan.end();
    }
  }

  private admit() {
    for (let [next] = this.waiting; next !== undefined && this.fits(next.size); [next] = this.waiting) {
      this.waiting.shift();
      this.lent += next.size;
      this.loans++;
      next.go(this.loan(next.size));
    }
  }

  private fits(size: number): boolean {
    return this.loans === 0 || (this.loans < this.maxLoans && this.lent + size <= this.maxBytes);
  }

  private loan(size: number): Loan {
    const memory = this.take(size);
    return {
      buffer: memory.subarray(0, size),
      end: () => {
        if (memory.length >= KEPT) this.kept.push(memory);
        this.lent -= size;
        this.loans--;
        this.admit();
      },
    };
  }

  private take(size: number): Buffer {
    if (size < KEPT) return Buffer.allocUnsafeSlow(size);
    const fitting = this.kept.findIndex(({ length }) => length >= size && length < 2 * size);
    if (fitting >= 0) return this.kept.splice(fitting, 1)[0];
    this.kept.shift(); // of another size: it makes room
    return Buffer.allocUnsafeSlow(size);
  }
}
