import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, Files, Publication } from './bench';

/** What a destination holds before the program runs, and what stands beside it. */
export const MODEL: Files = { 'config.json': bytes('config', 200), 'tokenizer/vocab.txt': bytes('vocab', 5_000), 'with blank': bytes('blank', 40) };
export const OTHER_BOOT = '11111111-2222-3333-4444-555555555555';
export const boot = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export const shared = (b: Bench, publication: Publication) => b.arguments(publication, { digest: publication.digest, shared: true });
export const marker = (b: Bench) => join(b.destination, '.ready');
export const boots = (b: Bench) => readFileSync(marker(b), 'utf8').trim().split('\n').slice(1).sort();
/** As if another node had published it. */
export const elsewhere = (b: Bench) => writeFileSync(marker(b), readFileSync(marker(b), 'utf8').replace(boot(), OTHER_BOOT));

/** Another pod has another /tmp. */
export function otherTmp(b: Bench, name = 'other-tmp'): string {
  mkdirSync(join(b.root, name), { recursive: true });
  return join(b.root, name);
}

/** A PATH with these tools in front. */
export function tools(b: Bench, texts: Record<string, string>): string {
  const folder = join(b.root, 'tools');
  mkdirSync(folder, { recursive: true });
  for (const [tool, text] of Object.entries(texts)) writeFileSync(join(folder, tool), `#!/bin/sh\n${text}`, { mode: 0o755 });
  return `${folder}:${b.shell.path}`;
}

/** Asks until it is so. */
export async function until(what: () => boolean) {
  for (let wait = 0; wait < 800 && !what(); wait++) await new Promise((resolve) => setTimeout(resolve, 25));
  expect(what()).toBe(true);
}
