import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../../processes';
import { SCIKIT_LEARN } from '../../tools/catalogue';
import { python } from '../../tools/python';

/** What trains a model, and what serves it. */
export const PROGRAMS = path.join(__dirname, '..', 'model');

/** A model that was trained here. */
export interface TrainedModel {
  /** Holds its files and nothing else. */
  readonly folder: string;
  /** Rows of data, and what the model said of them where it was trained. */
  readonly probe: { readonly rows: number[][]; readonly predictions: number[] };
}

/** Trains a real, small model of scikit-learn on made data. Another seed gives another model. */
export async function trainModel(folder: string, seed: number): Promise<TrainedModel> {
  const probe = `${folder}.probe.json`;
  await succeed(python(SCIKIT_LEARN), [path.join(PROGRAMS, 'train.py'), folder, probe, String(seed)]);
  return { folder, probe: JSON.parse(fs.readFileSync(probe, 'utf8')) };
}
