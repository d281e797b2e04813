import { ATTACH } from './attach/part';
import { DOWNLOADS } from './downloads/part';
import { NODE } from './node/part';
import { Part } from './part';
import { PUBLISHING } from './publishing/part';
import { SIGNATURES } from './signatures/part';
import { STATIC } from './static/part';
import { TEMPLATES } from './templates/part';

/** In the order in which they run: the quickest answer first. */
export const PARTS: Part[] = [ATTACH, SIGNATURES, PUBLISHING, TEMPLATES, STATIC, NODE, DOWNLOADS];
