import { PARTS } from '../../../bin/publish/digests';

/** The smallest part while these tests run: what is in two parts is then small. */
export const PART = 2 ** 20;

PARTS.minBytes = PART;
