import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { median, table, withSpread } from './report';
import type { Synth } from './synth-once';
import { VARIANTS } from './synth-workload';

const MODELS = [1, 100, 1000, 2000];
const [LIBRARY, ...HAND_WRITTEN] = Object.keys(VARIANTS);

/** Where the stack of a platform team must stay: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500;
const MAX_TEMPLATE = 1_000_000;

/** Synthesises the same models with the library and by hand, one after the other in each round, each in a process of its own. */
export function synthSuite(rounds: number): string {
  const results = new Map<string, Synth[]>();
  for (let round = 0; round < rounds; round++) {
    for (const models of MODELS) {
      const objects = new Set<string | undefined>();
      for (const variant of Object.keys(VARIANTS)) {
        const result = measure(variant, models);
        process.stderr.write(`round ${round + 1}: ${models} models, ${variant}: ${result.cpuSeconds.toFixed(2)} s\n`);
        results.set(key(variant, models), [...results.get(key(variant, models)) ?? [], result]);
        objects.add(result.objects);
      }
      if (objects.size > 1) throw new Error(`the variants make different Kubernetes objects of ${models} models`);
    }
  }
  check(results.get(key(LIBRARY, 1000))![0]);
  return [timeTable(results), ratioTable(results), sizeTable(results)].join('\n\n');
}

const key = (variant: string, models: number) => `${variant} ${models}`;

function measure(variant: string, models: number): Synth {
  const output = execFileSync(process.execPath, ['--import', 'tsx', path.join(__dirname, 'synth-once.ts'), variant, String(models)], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}

function check({ resources, templateBytes }: Synth) {
  if (resources >= MAX_RESOURCES) throw new Error(`1,000 models make ${resources} resources, ${MAX_RESOURCES} is too many`);
  if (templateBytes >= MAX_TEMPLATE) throw new Error(`1,000 models make a template of ${templateBytes} bytes, ${MAX_TEMPLATE} is too large`);
}

function timeTable(results: Map<string, Synth[]>): string {
  return `Processor time of a synth in seconds, median (least to most), and in italics milliseconds for each model: the same in every row where time grows with the number of models and not faster.\n\n${table(
    ['Models', ...Object.keys(VARIANTS)],
    MODELS.map(models => [models.toLocaleString('en'), ...Object.keys(VARIANTS).map(variant => {
      const seconds = results.get(key(variant, models))!.map(result => result.cpuSeconds);
      return models === 1 ? withSpread(seconds) : `${withSpread(seconds)}, *${(median(seconds) / models * 1000).toFixed(1)}*`;
    })]),
  )}`;
}

function ratioTable(results: Map<string, Synth[]>): string {
  return `The library's time in that of a synth written by hand, round by round.\n\n${table(
    ['Models', ...HAND_WRITTEN],
    MODELS.map(models => [models.toLocaleString('en'), ...HAND_WRITTEN.map(variant => {
      const [ours, theirs] = [LIBRARY, variant].map(name => results.get(key(name, models))!.map(result => result.cpuSeconds));
      return withSpread(ours.map((seconds, round) => seconds / theirs[round]));
    })]),
  )}`;
}

function sizeTable(results: Map<string, Synth[]>): string {
  return `What a synth makes.\n\n${table(
    ['Models', 'Variant', 'Resources', 'Template, kB', 'Files', 'Manifests, MB', 'Peak memory, MB'],
    MODELS.flatMap(models => Object.keys(VARIANTS).map(variant => {
      const all = results.get(key(variant, models))!;
      const [{ resources, templateBytes, files, manifestBytes }] = all;
      const memory = median(all.map(result => result.peakMemoryBytes));
      return [models.toLocaleString('en'), variant, String(resources), (templateBytes / 1e3).toFixed(1), String(files), (manifestBytes / 1e6).toFixed(1), (memory / 1e6).toFixed(0)];
    })),
  )}`;
}
