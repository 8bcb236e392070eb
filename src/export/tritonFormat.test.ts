/**
 * The repository for Triton: names, shapes and batches of its models; `npm run judges` reads it by Triton's schema and serves it.
 */
import { describe, expect, it } from 'vitest';
import { TINY, TINY_SAM, tinyModel } from '../../test/support/tinyModel.js';
import type { Model } from '../models/model.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import type { ExportDType } from './options.js';
import { tritonFormat } from './tritonFormat.js';

const runtime = nodeRuntime({ worker: false });

async function repository(model: Model, dtype: ExportDType = 'float32') {
  const files = await tritonFormat(runtime, model, { dtype, version: '1.2.3', notice: 'A notice' });
  return { paths: [...files.keys()].sort(), text: (path: string) => String(files.get(path)?.[0]) };
}

describe('a repository', () => {
  it('has encoder, decoder and an ensemble of both, which take several requests in one run', async () => {
    const { paths, text } = await repository(tinyModel());
    const name = 'tiny-samus';
    expect(paths).toEqual(
      [
        ...[`${name}-decoder`, `${name}-encoder`].flatMap((model) =>
          ['1/model.onnx', 'config.pbtxt', 'model.json'].map((file) => `${model}/${file}`),
        ),
        ...['1/.keep', 'README.md', 'config.pbtxt', 'model.json'].map((file) => `${name}/${file}`),
      ].sort(),
    );
    const decoder = text(`${name}-decoder/config.pbtxt`);
    expect(decoder).toContain('max_batch_size: 32\n');
    expect(decoder).toContain('dynamic_batching { }');
    expect(decoder).toContain('  name: "point_coords"\n  data_type: TYPE_FP32\n  dims: [ -1, 2 ]\n');
    expect(decoder).toContain(
      '  name: "has_mask_input"\n  data_type: TYPE_FP32\n  dims: [ 1 ]\n  reshape { shape: [ ] }\n',
    );
    const ensemble = text(`${name}/config.pbtxt`);
    expect(ensemble).toContain('max_batch_size: 8\n');
    expect(ensemble).toContain('input_map { key: "image_embeddings" value: "image_embeddings" }');
    expect(ensemble).not.toMatch(/reshape|dynamic_batching/);
    expect(ensemble.match(/^input/gm)).toHaveLength(5);
  });

  it('has whole shapes where a graph takes one request at a time', async () => {
    const { text } = await repository(tinyModel(TINY_SAM), 'q8');
    expect(text('tiny-sam-encoder/config.pbtxt')).toContain('max_batch_size: 0\n');
    expect(text('tiny-sam-encoder/config.pbtxt')).toContain('dims: [ 1, 3, 32, 32 ]');
    expect(text('tiny-sam-decoder/config.pbtxt')).toContain('dims: [ -1, -1, 2 ]');
    expect(text('tiny-sam-decoder/config.pbtxt')).not.toContain('dynamic_batching');
    const click = await repository(tinyModel({ ...TINY.unet!, promptChannel: 'point' }));
    expect(click.text('tiny-unet-decoder/config.pbtxt')).toContain('dims: [ 1, -1, 2 ]');
  });

  it('has one model of a network for classes', async () => {
    const { paths, text } = await repository(tinyModel(TINY.unet));
    expect(paths).toEqual(
      ['1/model.onnx', 'README.md', 'config.pbtxt', 'model.json'].map((file) => `tiny-unet/${file}`),
    );
    expect(text('tiny-unet/config.pbtxt')).toContain('backend: "onnxruntime"\ndefault_model_filename: "model.onnx"\n');
  });

  it('is refused for a name that Triton cannot have', async () => {
    await expect(repository({ ...tinyModel(), name: 'my model' })).rejects.toMatchObject({ code: 'MODEL_NAME' });
  });
});
