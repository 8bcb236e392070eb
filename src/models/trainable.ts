/**
 * Which weights the published recipes move. Training itself is not here.
 */
import type { ModelConfig } from './config.js';

/** SAMUS trains what it adds to SAM's image encoder, by parts of names (SAMUS, models/segment_anything_samus). */
const ADDED = /^image_encoder\..*(?:cnn_embed|post_pos_embed|Adapter)/;

/**
 * Whether the published recipe trains a weight. SAMUS: what it adds to SAM's image encoder, and the relative positions
 * of the global blocks; prompt encoder and decoder stay as they are. SAM as SAMUS's authors compare it: its decoder.
 * @param name by the reference's state dict
 */
export function isTrainable(config: ModelConfig, name: string): boolean {
  if (config.architecture === 'sam') return name.startsWith('mask_decoder.');
  const table = /^image_encoder\.blocks\.(\d+)\.attn\.rel_pos_[hw]$/.exec(name);
  return ADDED.test(name) || (table !== null && config.globalBlocks.includes(Number(table[1])));
}
