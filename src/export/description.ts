/**
 * What an export says of itself: `model.json` for programs, `README.md` for people, and the metadata inside each ONNX file.
 */
import type { Json } from '../errors.js';
import { licenceIn } from '../formats/modelCard.js';
import { OPSET } from '../graph/toOnnx.js';
import { configJson } from '../models/configFile.js';
import type { Model } from '../models/model.js';
import { preprocessingJson } from '../models/preprocessing.js';
import { architectureOf, preprocessingOf } from '../models/registry.js';
import type { TensorFact } from './exportGraph.js';
import { type Feeding, feedingOf } from './feeding.js';
import type { ExportDType } from './options.js';

export interface PartFact {
  readonly file: string;
  readonly part: string;
  readonly dtype: ExportDType;
  readonly inputs: readonly TensorFact[];
  readonly outputs: readonly TensorFact[];
}

/** Marks a folder as an export; programs find the rest there. */
export const DESCRIPTION = 'model.json';

/** The version of the fields of `model.json`. */
const DESCRIPTION_VERSION = 1;

export function descriptionOf(model: Model, version: string, format: string, parts: readonly PartFact[]): string {
  const { config } = model;
  const document: Json = {
    export: format,
    exportVersion: DESCRIPTION_VERSION,
    samus: version,
    model: model.name,
    architecture: config.architecture,
    task: architectureOf(config).task,
    licence: licenceIn(model.card) ?? null,
    opset: OPSET,
    imageSize: config.imageSize,
    preprocessing: preprocessingJson(preprocessingOf(config)),
    config: configJson(config),
    files: parts.map(({ file, part, dtype, inputs, outputs }) => ({
      file,
      part,
      dtype,
      inputs: inputs.map(factJson),
      outputs: outputs.map(factJson),
    })),
    feeding: { ...feedingOf(config) },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function factJson({ name, dtype, shape }: TensorFact): Json {
  return { name, dtype, shape: [...shape] };
}

/** The metadata of an ONNX file (`metadata_props`). */
export function metadataOf(
  model: Model,
  version: string,
  { part, dtype, inputs, outputs }: Omit<PartFact, 'file'>,
): Record<string, string> {
  const { config } = model;
  const facts = (tensors: readonly TensorFact[]): string => JSON.stringify(tensors.map(factJson));
  return {
    'samus.version': version,
    'samus.model': model.name,
    'samus.architecture': config.architecture,
    'samus.part': part,
    'samus.dtype': dtype,
    'samus.config': JSON.stringify(configJson(config)),
    'samus.preprocessing': JSON.stringify(preprocessingJson(preprocessingOf(config))),
    'samus.licence': licenceIn(model.card) ?? 'not stated',
    'samus.inputs': facts(inputs),
    'samus.outputs': facts(outputs),
  };
}

const DTYPE_TEXT: Readonly<Record<ExportDType, string>> = {
  float32: 'weights of 32 bits',
  float16: 'weights of 16 bits, computed with in 32',
  q8: 'the large weights of the image encoder in 8 bits',
};

interface ReadmeOptions {
  readonly notice: string;
  readonly version: string;
  /** A paragraph about the format. */
  readonly about: string;
  /** Front matter for model hubs. */
  readonly frontMatter?: Readonly<Record<string, string>>;
  /** Which parts of the feeding the reader has to do. Default: all. */
  readonly feeding?: readonly (keyof Feeding)[];
}

const HEADINGS: Readonly<Record<keyof Feeding, string>> = { image: 'Image', prompts: 'Prompts', answer: 'Answer' };

export function readmeOf(model: Model, parts: readonly PartFact[], options: ReadmeOptions): string {
  const { config } = model;
  const licence = licenceIn(model.card);
  const feeding = feedingOf(config);
  const wanted = options.feeding ?? (['image', 'prompts', 'answer'] as const);
  const front = Object.entries({ ...(licence !== undefined && { license: licence }), ...options.frontMatter });
  const rows = parts.map(
    ({ file, dtype, inputs, outputs }) =>
      `| \`${file}\` | ${tensorsText(inputs)} | ${tensorsText(outputs)} | ${DTYPE_TEXT[dtype]} |`,
  );
  const sections = wanted
    .filter((key) => feeding[key].length > 0)
    .map((key) => `## ${HEADINGS[key]}\n\n${feeding[key].map((step, i) => `${i + 1}. ${step}`).join('\n')}\n`);
  return `${front.length > 0 ? `---\n${front.map(([key, value]) => `${key}: ${value}`).join('\n')}\n---\n\n` : ''}# ${model.name}

${options.notice}.

${architectureOf(config).title}, exported by samus ${options.version}. ${options.about} ONNX opset ${OPSET}, standard operators only.
Licence: ${licence ?? 'not stated; see the source of the model'}. \`${DESCRIPTION}\` has the same for programs.

| file | inputs | outputs | stored as |
|---|---|---|---|
${rows.join('\n')}

${sections.join('\n')}`;
}

function tensorsText(tensors: readonly TensorFact[]): string {
  return tensors.map(({ name, shape }) => `\`${name}\` [${shape.join(', ')}]`).join(', ');
}
