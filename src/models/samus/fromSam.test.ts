import { describe, expect, it } from 'vitest';
import { golden } from '../../../test/support/golden.js';
import { readCheckpointFile } from '../../formats/checkpointFile.node.js';
import { asFloat32, float32, type StateDict } from '../../graph/tensorData.js';
import { Random } from '../../nn/random.js';
import { parametersOf } from '../graphs.js';
import { SAM_VIT_B, SAM_VIT_L, type SamConfig } from '../sam/config.js';
import { resizeRelativePositions } from '../sam/fromSam.js';
import { SAM } from '../sam/index.js';
import { startOf } from '../startFrom.js';
import { SAMUS_B, type SamusConfig } from './config.js';
import { SAMUS_FROM_SAM } from './fromSam.js';
import { SAMUS } from './index.js';

async function tinySam(): Promise<{ config: SamConfig; tensors: StateDict }> {
  const tensors = await golden('sam-tiny.pth');
  const config = SAM.recognise(tensors);
  if (!config) throw new Error('this is not SAM');
  return { config, tensors };
}

const samusConfigFromSam = (sam: SamConfig): SamusConfig => SAMUS_FROM_SAM.config(sam);

function samusFromSam(sam: SamConfig, tensors: StateDict, random: Random, config = samusConfigFromSam(sam)) {
  const start = startOf(SAMUS, sam);
  if (!start) throw new Error('SAMUS starts from SAM');
  return start.weights(tensors, config, random);
}

describe('SAMUS from SAM', () => {
  it('has the published sizes for ViT-B', () => {
    expect(startOf(SAMUS, SAM_VIT_B)?.config()).toEqual(SAMUS_B);
  });

  it('keeps what SAM has, the absolute positions in their size too', async () => {
    const { config, tensors } = await tinySam();
    const started = samusFromSam(config, tensors, Random.seeded(1));
    const tables = config.globalBlocks.flatMap((i) =>
      ['h', 'w'].map((a) => `image_encoder.blocks.${i}.attn.rel_pos_${a}`),
    );
    for (const [name, tensor] of tensors) {
      if (tables.includes(name)) expect(started.get(name)?.shape).toEqual([7, 12]);
      else expect(started.get(name)).toBe(tensor);
    }
  });

  it('has every weight of its model, in its shape', async () => {
    const { config, tensors } = await tinySam();
    const started = samusFromSam(config, tensors, Random.seeded(1));
    const parameters = parametersOf(samusConfigFromSam(config));
    expect([...started].map(([name, { shape }]) => [name, shape])).toEqual(
      parameters.map(({ name, shape }) => [name, shape]),
    );
  });

  it('draws the new parts as PyTorch does by default', async () => {
    const { config, tensors } = await tinySam();
    const started = samusFromSam(config, tensors, Random.seeded(1));
    const values = (name: string) => asFloat32(started.get(`image_encoder.${name}`)!).data;
    // Uniform within one over the root of the fan-in: none beyond, and some near it.
    for (const [name, fanIn] of [
      ['input_Adapter.D_fc1.weight', 48],
      ['input_Adapter.D_fc1.bias', 48],
      ['blocks.1.refine_Adapter.conv.0.weight', 48 * 9],
      ['cnn_embed.inc.conv.0.weight', 27],
    ] as const) {
      const most = Math.max(...values(name).map(Math.abs)) * Math.sqrt(fanIn);
      expect(most, name).toBeLessThanOrEqual(1 + 1e-6);
      expect(most, name).toBeGreaterThan(0.8);
    }
    expect(new Set(values('cnn_embed.inc.conv.1.weight'))).toEqual(new Set([1]));
    expect(new Set(values('cnn_embed.inc.conv.1.bias'))).toEqual(new Set([0]));
  });

  it('is the same for the same seed', async () => {
    const { config, tensors } = await tinySam();
    const name = 'image_encoder.input_Adapter.D_fc1.weight';
    const drawn = (seed: number) => samusFromSam(config, tensors, Random.seeded(seed)).get(name);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });

  it('resizes the tables of global blocks only, also where block numbers share digits', () => {
    // ViT-L: block 12 is windowed and has a 2 in its number, block 23 is global.
    const shape = (name: string) =>
      parametersOf(samusConfigFromSam(SAM_VIT_L)).find((parameter) => parameter.name === name)?.shape;
    expect(shape('image_encoder.blocks.12.attn.rel_pos_h')).toEqual([27, 64]);
    expect(shape('image_encoder.blocks.23.attn.rel_pos_h')).toEqual([63, 64]);
  });

  it('reports the weight that does not fit the sizes', async () => {
    const { config, tensors } = await tinySam();
    const wider = { ...samusConfigFromSam(config), promptDim: 64 };
    expect(() => samusFromSam(config, tensors, Random.seeded(1), wider)).toThrow(
      expect.objectContaining({
        code: 'SAMUS_FROM_SAM',
        details: expect.objectContaining({ tensor: 'image_encoder.neck.0.weight' }),
      }),
    );
  });
});

describe('resizing relative positions', () => {
  it('interpolates between distances, each channel separately', () => {
    const table = float32([0, 100, 1, 101, 2, 102, 3, 103, 4, 104], [5, 2]);
    // Centres of three rows among five: (i + 0.5) * 5 / 3 - 0.5.
    const rows = [1 / 3, 2, 11 / 3];
    const expected = rows.flatMap((row) => [row, 100 + row]);
    const resized = resizeRelativePositions(table, 3);
    expect(resized.shape).toEqual([3, 2]);
    for (const [i, value] of expected.entries()) expect(resized.data[i]).toBeCloseTo(value, 4);
  });

  it('leaves a table of the right size unchanged', () => {
    const table = float32([1, 2, 3], [3, 1]);
    expect(resizeRelativePositions(table, 3)).toBe(table);
  });
});

const folder = process.env.SAMUS_TEST_DATA;
describe.skipIf(!folder)('resizing relative positions (needs the folder SAMUS_TEST_DATA)', () => {
  it('equals PyTorch from 127 to 63 distances', async () => {
    const { tensors } = await readCheckpointFile(`${folder}/golden/images.safetensors`);
    const resized = resizeRelativePositions(asFloat32(tensors.get('relpos127')!), 63);
    const expected = asFloat32(tensors.get('relpos63')!).data;
    const most = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - resized.data[i]!)), 0);
    // Far from zero a position has few bits left, and builds of PyTorch differ among each other by this much.
    expect(most).toBeLessThan(2e-5);
  });
});
