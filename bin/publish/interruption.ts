import * as os from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** How long a process that is told to end may still tidy up. */
const LIMIT_MS = 3_000;

/**
 * Tidies up when the process is told to end, and ends it; told twice, it ends at once.
 *
 * @returns what takes that back
 */
export function whenInterrupted(tidy: (signal: string) => Promise<void>): () => void {
  const stop = (signal: typeof SIGNALS[number]) => {
    const timeout = new Promise(resolve => setTimeout(resolve, LIMIT_MS));
    void Promise.race([tidy(signal).catch(() => undefined), timeout]).then(() => process.exit(128 + os.constants.signals[signal]));
  };
  for (const signal of SIGNALS) process.once(signal, stop);
  return () => SIGNALS.forEach(signal => process.off(signal, stop));
}
