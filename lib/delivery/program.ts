import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a transfer program fetches files with.
 *
 * @internal
 */
export type Fetcher = 's5cmd' | 'aws' | 'cp';

/** The parts of a program in their order: what is used comes first, and `transfer.sh`, which runs everything, last. */
const partsOf = (fetcher: Fetcher) => [
  ...fetcher === 'cp' ? [] : ['pod-identity.sh', 'credentials.sh', 's3-source.sh'],
  `fetch-${fetcher}.sh`,
  'transfer-settings.sh',
  'transfer-report.sh',
  'transfer-process.sh',
  'transfer-verify.sh',
  'transfer-fetch.sh',
  'transfer-pool.sh',
  'transfer-sources.sh',
  'transfer-lock.sh',
  'transfer-place.sh',
  'transfer.sh',
];

/**
 * The text of the POSIX sh program that pulls models with the given downloader.
 *
 * @internal
 */
export function transferProgram(fetcher: Fetcher): string {
  const text = texts.get(fetcher) ?? partsOf(fetcher).map((part) => readFileSync(join(__dirname, part), 'utf8')).join('\n');
  texts.set(fetcher, text);
  return text;
}

/** Read once, however many workloads have it. */
const texts = new Map<Fetcher, string>();

/**
 * A text as it must stand in `command` or `args` of a container for the process to receive it unchanged.
 *
 * Kubernetes expands `$(NAME)` there and reduces `$$` to `$`; of a `$` before a character outside ASCII it keeps only the first byte's value.
 * Only what it would touch is doubled, so the program stays readable in the manifest.
 *
 * @internal
 */
export function inlineProgram(text: string): string {
  return text.replace(/\$+(?=\()|\$\$+|\$(?=[^\x00-\x7f])/g, (dollars) => dollars + dollars);
}

/**
 * The command of a container whose first argument is the program's text: `sh -c BOOTSTRAP <program> <arguments...>`.
 *
 * It writes the program, its `$0`, to a file, because `credential_process` has to start it again, and becomes it.
 *
 * @internal
 */
export const BOOTSTRAP = 'f="${TMPDIR:-/tmp}/model-transfer.sh" && printf \'%s\\n\' "$0" > "$f" && exec sh "$f" "$@"';
