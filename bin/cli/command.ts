import type { ParseArgsConfig } from 'node:util';
import type { Output } from './output';

/** A refusal or a failure that its text explains: no stack trace, exit code 1. */
export class CommandError extends Error {}

/** A wrong call: exit code 2. */
export class UsageError extends Error {}

/** What a command is called with. */
export interface Call {
  readonly words: string[];
  readonly values: { [option: string]: string | boolean | string[] | undefined };
  readonly output: Output;
}

/** A command of the command line. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the name of the command on its command line, and what each option means: plain text. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  run(call: Call): Promise<void>;
}

/** The value of an option that takes one. */
export function text(call: Call, option: string): string | undefined {
  return call.values[option] as string | undefined;
}

/** The values of an option that may be repeated. */
export function texts(call: Call, option: string): string[] {
  return (call.values[option] ?? []) as string[];
}

/** @throws where the option is missing */
export function required(call: Call, option: string): string {
  const value = text(call, option);
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing`);
  return value;
}

/**
 * The value of an option that is a whole number from `minimum` to `maximum`.
 *
 * @throws where it is none
 */
export function wholeNumber(call: Call, option: string, otherwise: number, minimum = 0, maximum = Infinity): number {
  const value = text(call, option);
  if (value === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(value) || Number(value) < minimum) throw new UsageError(`--${option} is '${value}': give a whole number of at least ${minimum}`);
  if (Number(value) > maximum) throw new UsageError(`--${option} is ${value}: give at most ${maximum}`);
  return Number(value);
}
