/**
 * All importers by their names. A set is added when there is a real sample of it to prove the importer on.
 */
import { busi } from './busi.node.js';
import { camus } from './camus.node.js';
import { carotid } from './carotid.node.js';
import { coco } from './coco.node.js';
import { ddti } from './ddti.node.js';
import { dlTrack } from './dlTrack.node.js';
import { hc18 } from './hc18.node.js';
import type { Importer } from './importer.js';
import { pair } from './pair.node.js';
import { phantom } from './phantom.node.js';
import { psfhs } from './psfhs.node.js';
import { tg3k } from './tg3k.node.js';

export const IMPORTERS: readonly Importer[] = [
  busi,
  camus,
  carotid,
  coco,
  ddti,
  dlTrack,
  hc18,
  pair,
  phantom,
  psfhs,
  tg3k,
];
