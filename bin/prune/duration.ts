import { Call, text, UsageError } from '../cli/command';

const UNITS: { [unit: string]: number } = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/**
 * The value of an option that is a time such as `30d`, `12h` or `90m`, in milliseconds.
 *
 * @throws where it is none
 */
export function duration(call: Call, option: string, otherwise: string): number {
  const value = text(call, option) ?? otherwise;
  const match = /^(\d{1,6})([dhm])$/.exec(value);
  if (!match) throw new UsageError(`--${option} is '${value}': give a number and a unit, such as 30d, 12h or 90m`);
  return Number(match[1]) * UNITS[match[2]];
}
