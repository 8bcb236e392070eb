import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { golden } from '../../test/support/golden.js';
import { TINY_SAM, TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from './architecture.js';
import { AUTOSAMUS_B } from './autosamus/index.js';
import { detectConfig } from './configFile.js';
import { findModel } from './findModel.js';
import { parametersOf } from './graphs.js';
import { architectures, classesOf, promptedOf, registerArchitecture } from './registry.js';
import { SAM_VIT_B, SAM_VIT_H, SAM_VIT_L } from './sam/config.js';
import { SAM } from './sam/index.js';
import { SAMUS_B, SAMUS_S } from './samus/config.js';

/** A state dict of names and shapes only: no test of detection needs the numbers. */
function shapesOnly(shapes: Iterable<readonly [name: string, shape: readonly number[]]>): Map<string, TensorData> {
  const data = new Float32Array(0);
  return new Map([...shapes].map(([name, shape]) => [name, { dtype: 'float32', shape, data }]));
}

/** Names and shapes that the reference's modules have. */
function published(file: string): Map<string, TensorData> {
  const text = readFileSync(new URL(`../../test/fixtures/stateDicts/${file}.txt`, import.meta.url), 'utf8');
  const lines = text.trim().split('\n');
  return shapesOnly(
    lines.map((line) => {
      const [name, shape] = line.split(' ');
      return [name!, shape!.split(',').map(Number)] as const;
    }),
  );
}

const declared = (config: ModelConfig) => shapesOnly(parametersOf(config).map(({ name, shape }) => [name, shape]));

describe('the sizes of a checkpoint', () => {
  it.each([
    ['sam-vit-b', SAM_VIT_B],
    ['samus-vit-b', SAMUS_B],
  ])('are those of the published %s', (file, config) => {
    expect(detectConfig(published(file))).toEqual(config);
  });

  it.each([
    ['sam-vit-b', SAM_VIT_B],
    ['samus-vit-b', SAMUS_B],
  ])('make a model with exactly the tensors of the published %s', (file, config) => {
    const sorted = (tensors: StateDict) => [...tensors].map(([name, { shape }]) => `${name} ${shape}`).sort();
    expect(sorted(declared(config))).toEqual(sorted(published(file)));
  });

  it.each([
    ['SAM ViT-L', SAM_VIT_L],
    ['SAM ViT-H', SAM_VIT_H],
    ['the small SAMUS', SAMUS_S],
    ['a tiny SAMUS', TINY_SAMUS],
    ['a tiny SAM', TINY_SAM],
  ])('give back the configuration of %s', (_, config) => {
    expect(detectConfig(declared(config))).toEqual(config);
  });

  it.each(['samus-tiny.pth', 'samus-tiny-legacy.pth'])('are those that made %s', async (file) => {
    expect(detectConfig(await golden(file))).toEqual({
      ...SAMUS_B,
      dim: 48,
      depth: 6,
      heads: 4,
      globalBlocks: [2, 5],
      mlp: 192,
      promptDim: 32,
      decoderMlp: 128,
    });
  });

  it('are those that made sam-tiny.pth', async () => {
    expect(detectConfig(await golden('sam-tiny.pth'))).toMatchObject({
      architecture: 'sam',
      imageSize: 128,
      tokenGrid: 8,
      dim: 48,
      depth: 4,
      heads: 4,
      globalBlocks: [1, 3],
      window: 3,
      patchKernel: 16,
      promptDim: 32,
      decoderMlp: 128,
    });
  });
});

describe('a checkpoint of another kind', () => {
  it.each([['HQ-SAM', 'mask_decoder.hf_token.weight']])(
    'is named as %s by what it has beside SAM',
    (architecture, tensor) => {
      const tensors = new Map([...declared(TINY_SAMUS), ...shapesOnly([[tensor, [1]]])]);
      const details = { architecture, tensor };
      expect(() => detectConfig(tensors)).toThrow(
        expect.objectContaining({ kind: 'input', code: 'MODEL_ARCHITECTURE_UNSUPPORTED', details }),
      );
    },
  );

  it('is refused with the names of its first tensors', () => {
    const tensors = shapesOnly([
      ['conv1.weight', [64, 3, 7, 7]],
      ['fc.bias', [10]],
    ]);
    expect(() => detectConfig(tensors)).toThrow(
      expect.objectContaining({ code: 'MODEL_ARCHITECTURE_UNKNOWN', message: expect.stringContaining('conv1.weight') }),
    );
    expect(() => detectConfig(new Map())).toThrow(expect.objectContaining({ code: 'MODEL_ARCHITECTURE_UNKNOWN' }));
  });

  it('is refused if a tensor that determines a size is missing', () => {
    const tensors = tinyWeights(TINY_SAM);
    tensors.delete('image_encoder.neck.0.weight');
    expect(() => detectConfig(tensors)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_TENSOR_MISSING',
        details: { missing: ['image_encoder.neck.0.weight'] },
      }),
    );
  });

  it('is refused if such a tensor has another number of dimensions', () => {
    const tensors = new Map([...declared(TINY_SAM), ...shapesOnly([['image_encoder.pos_embed', [1, 65, 16]]])]);
    expect(() => detectConfig(tensors)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_TENSOR_SHAPE' }));
  });

  it('is refused if its sizes contradict each other', () => {
    const table = 'image_encoder.blocks.0.attn.rel_pos_h';
    const tensors = new Map([...declared(TINY_SAM), ...shapesOnly([[table, [5, 7]]])]);
    expect(() => detectConfig(tensors)).toThrow(
      expect.objectContaining({ code: 'CONFIG_FIELD', details: expect.objectContaining({ field: 'heads' }) }),
    );
  });
});

const folder = process.env.SAMUS_TEST_DATA;
describe.skipIf(!folder)('checkpoints of derivatives (needs the folder SAMUS_TEST_DATA)', () => {
  it('samed-tiny.pth is a SAMed, without the prefix of its names', async () => {
    const { tensors } = await readCheckpointFile(`${folder}/golden/samed-tiny.pth`, {
      choose: (dicts) => findModel(dicts),
    });
    expect(detectConfig(tensors)).toMatchObject({
      architecture: 'samed',
      imageSize: 128,
      depth: 4,
      classes: 4,
      rank: 4,
    });
  });

  it('autosamus-tiny.fp16.pth is an AutoSAMUS', async () => {
    const { tensors } = await readCheckpointFile(`${folder}/golden/autosamus-tiny.fp16.pth`);
    expect(detectConfig(tensors)).toMatchObject({
      ...AUTOSAMUS_B,
      dim: 48,
      depth: 6,
      heads: 4,
      globalBlocks: [2, 5],
      mlp: 192,
      decoderMlp: 64,
    });
  });
});

describe('the registry', () => {
  it('refuses an architecture with the id or a preset of another', () => {
    const refused = expect.objectContaining({ code: 'ARCHITECTURE_TWICE' });
    expect(() => registerArchitecture(SAM)).toThrow(refused);
    expect(() => registerArchitecture({ ...SAM, id: 'mine' })).toThrow(refused);
    expect(architectures()).toHaveLength(new Set(architectures().map(({ id }) => id)).size);
  });

  it('reports the expected kind of model', () => {
    expect(() => classesOf(TINY_SAM)).toThrow(
      expect.objectContaining({
        code: 'MODEL_CLASSES',
        message: 'expected a model that predicts a class map, got SAM, which takes prompts',
      }),
    );
    expect(promptedOf(TINY_SAMUS).title).toBe('SAMUS');
  });
});
