/** A break of one line. */
export interface Break {
  /** What the break takes away. */
  readonly what: string;
  /** The file that is broken. */
  readonly file: string;
  /** Text that the file holds once. */
  readonly replace: string;
  /** What takes its place. */
  readonly by: string;
}

/** A break, and the test file that must notice. */
export interface Mutant extends Break {
  /** The test file that must turn red. */
  readonly test: string;
  /** A pattern of test names, where the whole file takes long. */
  readonly only?: string;
}
