/**
 * `--format transformers.js`: a folder that `@huggingface/transformers` loads as a SAM 2 model with one level of features.
 */
import { type Json, listed, SamusError } from '../errors.js';
import type { ModelConfig } from '../models/architecture.js';
import type { Model } from '../models/model.js';
import { complete } from '../models/preprocessing.js';
import { architectureOf, preprocessingOf } from '../models/registry.js';
import type { Runtime } from '../runtime/session.js';
import { DESCRIPTION, descriptionOf, metadataOf, type PartFact, readmeOf } from './description.js';
import { exportGraph, tensorFacts } from './exportGraph.js';
import { DTYPES, type ExportDType, type ExportFiles, type FormatOptions } from './options.js';
import { promptDecoder, visionEncoder } from './sam2Graphs.js';
import { batchOf, canBeStoredAs, storedAs } from './storedModel.js';

/** The library's names of types, and what it appends to names of files. */
const LIBRARY: Readonly<Record<ExportDType, { readonly dtype: string; readonly suffix: string }>> = {
  float32: { dtype: 'fp32', suffix: '' },
  float16: { dtype: 'fp16', suffix: '_fp16' },
  q8: { dtype: 'q8', suffix: '_quantized' },
};

/**
 * @param options without a `dtype`, all that the model can be stored as
 * @throws SamusError EXPORT_UNSUPPORTED for a model that the library cannot feed, MODEL_QUANTISED, MODEL_NOT_QUANTISABLE
 */
export async function transformersJsFormat(
  runtime: Runtime,
  model: Model,
  { dtype: only, version, notice }: Omit<FormatOptions, 'dtype'> & { readonly dtype?: ExportDType },
): Promise<ExportFiles> {
  requireSupport(model.config);
  const dtypes = only === undefined ? DTYPES.filter((dtype) => canBeStoredAs(model, dtype)) : [only];
  const files: ExportFiles = new Map();
  const facts: PartFact[] = [];
  for (const dtype of dtypes) {
    const stored = storedAs(model, dtype);
    const graphs = {
      vision_encoder: visionEncoder(stored.config, batchOf(stored)),
      prompt_encoder_mask_decoder: promptDecoder(stored.config),
    };
    for (const [part, graph] of Object.entries(graphs)) {
      const file = `onnx/${part}${LIBRARY[dtype].suffix}.onnx`;
      const fact = { part, dtype, inputs: tensorFacts(graph.inputs), outputs: tensorFacts(graph.outputs) };
      const metadata = metadataOf(stored, version, fact);
      for (const entry of await exportGraph(runtime, file, graph, stored.tensors, { dtype, version, metadata })) {
        files.set(...entry);
      }
      facts.push({ ...fact, file });
    }
  }
  const json = (document: Json): string[] => [`${JSON.stringify(document, null, 2)}\n`];
  files.set('config.json', json(configOf(model, dtypes, [...files.keys()])));
  files.set('preprocessor_config.json', json(preprocessorOf(model.config)));
  files.set('README.md', [
    readmeOf(model, facts, {
      notice,
      version,
      about: `For [transformers.js](https://huggingface.co/docs/transformers.js), in the layout of SAM 2.\n\n${USE}\n\n`,
      frontMatter: { library_name: 'transformers.js', pipeline_tag: 'mask-generation' },
      feeding: [],
    }),
  ]);
  return files.set(DESCRIPTION, [descriptionOf(model, version, 'transformers.js', facts)]);
}

/** @throws SamusError EXPORT_UNSUPPORTED */
function requireSupport(config: ModelConfig): void {
  const architecture = architectureOf(config);
  const { resize = 'bilinear', levels, percentiles, padding, fit, colour } = complete(preprocessingOf(config));
  const reasons = [
    ...(architecture.task === 'classes' ? ['takes no prompts'] : []),
    ...(architecture.task === 'prompted' && architecture.oneObject ? ['answers for one object at a time'] : []),
    ...(resize !== 'bilinear' || levels !== 'stored' || percentiles ? ['prepares images as the library cannot'] : []),
    ...(fit === 'longest-side' && (padding !== 0 || colour !== 'rgb') ? ['pads images as the library does not'] : []),
  ];
  if (reasons.length === 0) return;
  throw new SamusError(
    'EXPORT_UNSUPPORTED',
    `expected SAM, SAMUS or another model with clicks on plain images for transformers.js, got ${architecture.title}, which ${listed(reasons)}`,
    'export it with --format onnx, which takes every model',
    { architecture: architecture.id },
  );
}

function configOf({ config, name }: Model, dtypes: readonly ExportDType[], files: readonly string[]): Json {
  const external = files
    .filter((file) => file.endsWith('_data'))
    .map((file) => file.slice('onnx/'.length, -'_data'.length));
  const [only] = dtypes;
  // The library's own default is 8 bits in browsers without WebGPU, else 32.
  const dtype = dtypes.length === 1 && only ? only : dtypes.includes('q8') ? undefined : 'float32';
  return {
    model_type: 'sam2',
    architectures: ['Sam2Model'],
    _name_or_path: name,
    vision_config: { model_type: 'sam2_vision_model', num_feature_levels: 1, image_size: config.imageSize },
    'transformers.js_config': {
      ...(dtype && { dtype: LIBRARY[dtype].dtype }),
      ...(external.length > 0 && { use_external_data_format: Object.fromEntries(external.map((file) => [file, 1])) }),
    },
  };
}

/** Lanczos: the library's bilinear resizing on Node neither filters before it reduces nor keeps pixels centred. */
const RESAMPLE = 1;

function preprocessorOf(config: ModelConfig): Json {
  const { fit, mean, std } = preprocessingOf(config);
  const side = config.imageSize;
  const square = { height: side, width: side };
  return {
    processor_class: 'Sam2Processor',
    image_processor_type: 'Sam2ImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    resample: RESAMPLE,
    do_rescale: true,
    rescale_factor: 1 / 255,
    ...(fit === 'stretch'
      ? { size: square, do_normalize: false, do_pad: false }
      : {
          size: { longest_edge: side },
          do_normalize: true,
          image_mean: mean.map((value) => value / 255),
          image_std: std.map((value) => value / 255),
          do_pad: true,
          pad_size: square,
        }),
  };
}

/** The library in the text of an import. */
const PACKAGE = "'@huggingface/transformers'";

const USE = `\`\`\`js
import { AutoProcessor, RawImage, Sam2Model } from ${PACKAGE};

const model = await Sam2Model.from_pretrained('.');
const processor = await AutoProcessor.from_pretrained('.');
const image = await RawImage.read('image.png');
const inputs = await processor(image, { input_points: [[[[120, 88]]]] });
const { pred_masks, iou_scores } = await model(inputs);
const masks = await processor.post_process_masks(pred_masks, inputs.original_sizes, inputs.reshaped_input_sizes);
\`\`\`

Mask 0 answers a clear prompt, the others, where there are any, an ambiguous one; \`iou_scores\` is the expected IoU of each.`;
