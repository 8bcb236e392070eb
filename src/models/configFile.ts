/**
 * `config.json` of a model folder: read strictly, because a graph is built from it, and written so that a reader can
 * hold it beside the paper. Also the check that sizes fit each other, wherever they come from. Reading and writing
 * the file itself is not here (formats/modelFolder.node.ts).
 */
import { type Json, SamusError } from '../errors.js';
import type { ModelConfig, SamConfig } from './config.js';

export interface ParsedConfig {
  readonly config: ModelConfig;
  /** Fields that this version does not know, as they came; {@link serialiseConfig} writes them back. */
  readonly extra: Readonly<Record<string, Json>>;
  /** One sentence for each unknown field. */
  readonly warnings: readonly string[];
}

/** The largest value of each size; far above any published model, low enough that no file can ask for all memory. */
const LIMITS = {
  imageSize: 4096,
  tokenGrid: 256,
  dim: 8192,
  depth: 128,
  heads: 256,
  window: 256,
  mlp: 65_536,
  patchKernel: 256,
  promptDim: 4096,
  decoderHeads: 256,
  decoderMlp: 65_536,
  iouHidden: 8192,
  maskChannels: 4096,
  stem: 4096,
  positionGrid: 512,
} as const;

type SizeField = keyof typeof LIMITS;

type Shared = Omit<SamConfig, 'architecture'>;

/** No shape tells it, so that older files may lack it. */
const DEFAULT_DECODER_HEADS = 8;

/** How pictures become the encoder's input; it follows from the architecture and is written for readers. */
const PREPROCESSING: Record<ModelConfig['architecture'], string> = {
  sam: 'rgb, longest side to imageSize, normalised, padded',
  samus: 'grey, stretched to imageSize x imageSize, 0 to 1',
};

/**
 * The sizes in a parsed `config.json`.
 * @throws SamusError CONFIG_INVALID if it is not an object, CONFIG_ARCHITECTURE for one that is not known,
 *   CONFIG_FIELD for a field that is missing, of the wrong type, out of range or in contradiction to another
 */
export function parseConfig(json: unknown): ParsedConfig {
  if (!isObject(json)) {
    throw new SamusError(
      'CONFIG_INVALID',
      `config.json must hold an object, not ${Array.isArray(json) ? 'a list' : typeof json}`,
      'write it with samus models convert',
    );
  }
  const fields = new Map(Object.entries(json));
  const take = (name: string): Json | undefined => {
    const value = fields.get(name);
    fields.delete(name);
    return value;
  };
  const size = (name: SizeField): number => {
    const value = take(name);
    const given = value === undefined && name === 'decoderHeads' ? DEFAULT_DECODER_HEADS : value;
    if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= LIMITS[name]) return given;
    throw fieldError(name, `must be a whole number from 1 to ${LIMITS[name]}`, given);
  };
  const architecture = takeArchitecture(take('architecture'));
  const sizes: Shared = {
    imageSize: size('imageSize'),
    tokenGrid: size('tokenGrid'),
    dim: size('dim'),
    depth: size('depth'),
    heads: size('heads'),
    globalBlocks: takeBlocks(take('globalBlocks')),
    window: size('window'),
    mlp: size('mlp'),
    patchKernel: size('patchKernel'),
    promptDim: size('promptDim'),
    decoderHeads: size('decoderHeads'),
    decoderMlp: size('decoderMlp'),
    iouHidden: size('iouHidden'),
    maskChannels: size('maskChannels'),
  };
  const quantisation = takeQuantisation(take('quantisation'));
  const shared: Shared = { ...sizes, ...(quantisation && { quantisation }) };
  const config: ModelConfig =
    architecture === 'sam'
      ? { architecture, ...shared }
      : { architecture, ...shared, stem: size('stem'), positionGrid: size('positionGrid') };
  const preprocessing = take('preprocessing') ?? PREPROCESSING[architecture];
  if (preprocessing !== PREPROCESSING[architecture]) {
    throw fieldError('preprocessing', `must be "${PREPROCESSING[architecture]}"`, preprocessing);
  }
  checkConfig(config);
  const warnings = [...fields.keys()].map((name) => `config.json has a field that is not known: ${name}`);
  return { config, extra: Object.fromEntries(fields), warnings };
}

/** The text of `config.json`. @param extra further fields, written after the known ones */
export function serialiseConfig(config: ModelConfig, extra: Readonly<Record<string, Json>> = {}): string {
  const { architecture, ...sizes } = config;
  const known = { architecture, preprocessing: PREPROCESSING[architecture], ...sizes };
  return `${JSON.stringify({ ...known, ...withoutKnown(extra, known) }, null, 2)}\n`;
}

/**
 * That the sizes fit each other, as the graphs need it.
 * @throws SamusError CONFIG_FIELD naming the first that does not
 */
export function checkConfig(config: ModelConfig): void {
  const { imageSize, tokenGrid, dim, depth, heads, globalBlocks, promptDim, decoderHeads } = config;
  const rules: (readonly [field: string, holds: boolean, rule: string, value: Json])[] = [
    ['imageSize', imageSize % tokenGrid === 0, `must be a multiple of tokenGrid (${tokenGrid})`, imageSize],
    ['heads', dim % heads === 0, `must divide dim (${dim})`, heads],
    ['promptDim', promptDim % 8 === 0, 'must be a multiple of 8', promptDim],
    [
      'decoderHeads',
      (promptDim / 2) % decoderHeads === 0,
      `must divide half of promptDim (${promptDim})`,
      decoderHeads,
    ],
    ['maskChannels', config.maskChannels % 4 === 0, 'must be a multiple of 4', config.maskChannels],
    ['globalBlocks', globalBlocks.every((block) => block < depth), `must lie below depth (${depth})`, globalBlocks],
  ];
  if (config.architecture === 'sam') {
    // Other kernels would need padding that SAM's patch embedding does not have.
    const stride = imageSize / tokenGrid;
    rules.push([
      'patchKernel',
      config.patchKernel === stride,
      `must be imageSize / tokenGrid (${stride})`,
      config.patchKernel,
    ]);
  } else {
    const { positionGrid } = config;
    const stages = Math.log2(imageSize / tokenGrid);
    rules.push(
      [
        'imageSize',
        Number.isInteger(stages) && stages >= 1,
        `must be tokenGrid (${tokenGrid}) times a power of two`,
        imageSize,
      ],
      [
        'positionGrid',
        isPowerOfTwo(positionGrid / tokenGrid),
        `must be tokenGrid (${tokenGrid}) times a power of two`,
        positionGrid,
      ],
    );
  }
  const broken = rules.find(([, holds]) => !holds);
  if (broken) throw fieldError(broken[0], broken[2], broken[3]);
}

function takeArchitecture(value: Json | undefined): ModelConfig['architecture'] {
  if (value === 'sam' || value === 'samus') return value;
  throw new SamusError(
    'CONFIG_ARCHITECTURE',
    `architecture in config.json must be "sam" or "samus", not ${shown(value)}`,
    'use a model of these architectures, or a newer version of this program',
    { architecture: value ?? null },
  );
}

function takeQuantisation(value: Json | undefined): 'int8' | undefined {
  if (value === 'int8' || value === undefined) return value;
  throw fieldError('quantisation', 'must be "int8", or be left out', value);
}

function takeBlocks(value: Json | undefined): readonly number[] {
  const blocks = Array.isArray(value) ? value : undefined;
  const whole = blocks?.filter((block) => typeof block === 'number' && Number.isInteger(block) && block >= 0) ?? [];
  const ascending = whole.every((block, i) => i === 0 || block > whole[i - 1]!);
  if (blocks && whole.length === blocks.length && whole.length <= LIMITS.depth && ascending) return whole;
  throw fieldError('globalBlocks', 'must be a list of block numbers from 0 on, each larger than the one before', value);
}

function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value));
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutKnown(extra: Readonly<Record<string, Json>>, known: object): Record<string, Json> {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => !Object.hasOwn(known, name)));
}

function fieldError(field: string, rule: string, value: Json | undefined): SamusError {
  return new SamusError(
    'CONFIG_FIELD',
    `${field} of the model ${rule}, ${value === undefined ? 'it is missing' : `not ${shown(value)}`}`,
    'correct it in config.json, or import the checkpoint again with samus models convert',
    { field, value: value ?? null },
  );
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
