import { ATTACH } from './attach/part';
import { DOWNLOADS } from './downloads/part';
import { KSERVE } from './kserve/part';
import { MODELCAR } from './modelcar/part';
import { NODE } from './node/part';
import { OCI } from './oci/part';
import { Part } from './part';
import { PUBLISHING } from './publishing/part';
import { SIGNATURES } from './signatures/part';
import { STATIC } from './static/part';
import { TEMPLATES } from './templates/part';

/** In the order in which they begin: those that take longest first, as two of them run at once. */
export const PARTS: Part[] = [DOWNLOADS, NODE, PUBLISHING, STATIC, TEMPLATES, OCI, SIGNATURES, ATTACH, MODELCAR, KSERVE];
