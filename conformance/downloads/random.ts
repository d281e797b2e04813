import { createHash } from 'node:crypto';

/** Numbers that follow from a seed: the same ones in every run. */
export class Random {
  private taken = 0;

  constructor(private readonly seed: string) {}

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    const digest = createHash('sha256').update(`${this.seed}/${this.taken++}`).digest();
    return digest.readUIntBE(0, 6) % end;
  }

  /** A whole number from `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
