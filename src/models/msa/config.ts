/**
 * Sizes of Medical SAM Adapter: SAM's, and those of its position table and its output.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ConfigRule, FieldReader } from '../configFields.js';
import {
  patchRules,
  readSizes,
  recogniseSizes,
  referenceSizes,
  SAM_VIT_B,
  type SamConfig,
  type SamSizes,
  sizeRules,
} from '../sam/config.js';

export interface MsaConfig extends SamSizes {
  readonly architecture: 'msa';
  /** Side of SAM's absolute position table, in tokens. */
  readonly positionGrid: number;
  /** Side of the masks that the loss compares, in pixels. */
  readonly outputSize: number;
  /**
   * Whether a start from SAM takes SAM's relative positions. The authors' code names its tables otherwise and leaves them zero,
   * so this is another model than the released one.
   */
  readonly samTables: boolean;
}

/** As its authors run it. */
const OUTPUT_SIZE = 256;

export const MSA_B: MsaConfig = {
  ...SAM_VIT_B,
  architecture: 'msa',
  positionGrid: 64,
  outputSize: OUTPUT_SIZE,
  samTables: false,
};

/** The authors' default size, for a quarter of the tokens along each side. */
export const MSA_256: MsaConfig = { ...MSA_B, imageSize: 256, tokenGrid: 16 };

export function readConfig(fields: FieldReader): MsaConfig {
  const sizes = readSizes(fields);
  const positionGrid = fields.whole('positionGrid', 512);
  const outputSize = fields.whole('outputSize', 4096);
  return { architecture: 'msa', ...sizes, positionGrid, outputSize, samTables: fields.flag('samTables', false) };
}

export function rules(config: MsaConfig): ConfigRule[] {
  return [...sizeRules(config), ...patchRules(config)];
}

/**
 * A checkpoint with SAM's parts and adapters after the attention. The first block has windows in all published sizes; tables of
 * another side belong to blocks that see all tokens.
 */
export function recognise(tensors: Shapes): MsaConfig | undefined {
  if (!tensors.has('image_encoder.blocks.0.Space_Adapter.D_fc1.weight')) return undefined;
  const named: Shapes = new Map([...tensors].map(([name, tensor]) => [nameInSam(name), tensor]));
  const { positionGrid, ...sizes } = recogniseSizes(named, ({ grid, sides }) => {
    const globalBlocks = sides.flatMap((side, i) => (side === sides[0] ? [] : [i]));
    return { globalBlocks, tokenGrid: sides[globalBlocks[0] ?? 0] ?? grid };
  });
  const imageSize = sizes.tokenGrid * sizes.patchKernel;
  const outputSize = Math.min(OUTPUT_SIZE, imageSize);
  return { architecture: 'msa', imageSize, ...sizes, positionGrid, outputSize, samTables: false };
}

/** SAM's name of a tensor of its shape; the authors' code names these otherwise and does not load SAM's into them. */
function nameInSam(name: string): string {
  return name.replace('.attn.rel_', '.attn.rel_pos_').replace('.mlp.layers.0.0.', '.mlp.lin1.');
}

/** SAM's name of a weight that a start from SAM takes, where the model asks for SAM's relative positions. */
export function tableInSam(name: string, { samTables }: MsaConfig): string {
  return samTables ? name.replace('.attn.rel_', '.attn.rel_pos_') : name;
}

/** The image stays as large as SAM's. */
export function fromSamConfig(sam: SamConfig): MsaConfig {
  const outputSize = Math.min(OUTPUT_SIZE, sam.imageSize);
  return { ...sam, architecture: 'msa', positionGrid: sam.tokenGrid, outputSize, samTables: false };
}

export function referenceConfig(fields: FieldReader, tensors: Shapes): MsaConfig {
  const positionGrid = fields.whole('pos_grid', 512);
  const outputSize = fields.whole('out', 4096);
  return { architecture: 'msa', ...referenceSizes(fields, tensors), positionGrid, outputSize, samTables: false };
}
