/**
 * What a user can do wrong, and what the command line answers: a code, one sentence, a hint, the exit code, and no
 * file that was not there before.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { encodePng, writePng } from '../../src/formats/imageWrite.node.js';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

let folder = '';

beforeAll(async () => {
  folder = newFolder();
  const { image } = makePhantom({ seed: 5, width: 120, height: 80 });
  const png = await encodePng(image);
  await writePng(join(folder, 'scan.png'), image);
  writeFileSync(join(folder, 'text.png'), 'no picture');
  writeFileSync(join(folder, 'cut.png'), png.subarray(0, png.length / 2));
  writeFileSync(join(folder, 'empty.png'), '');
  const wide = { width: 60_000, height: 4, channels: 3, background: '#333' } as const;
  await sharp({ create: wide }).png().toFile(join(folder, 'wide.png'));
  await writePng(join(folder, 'small-mask.png'), makePhantom({ seed: 5, width: 64, height: 64 }).image);
  copyFileSync(goldenPath('samus-tiny.pth'), join(folder, 'model.pth'));
  const checkpoint = readFileSync(goldenPath('samus-tiny.pth'));
  writeFileSync(join(folder, 'cut.pth'), checkpoint.subarray(0, checkpoint.length / 2));
  writeFileSync(join(folder, 'text.pth'), 'no checkpoint');
  writeFileSync(join(folder, 'other.safetensors'), safetensors({ 'fc.weight': [2] }));
  mkdirSync(join(folder, 'occupied'));
  writeFileSync(join(folder, 'occupied/notes.txt'), 'somebody else has this folder');
  writeFileSync(join(folder, 'a-file'), '');
  writeFileSync(join(folder, 'columns.csv'), 'file,object,kind,values\nscan.png,a,point,1,2\n');
  writeFileSync(join(folder, 'kind.csv'), 'image,object,kind,values\nscan.png,a,circle,1,2\n');
  writeFileSync(join(folder, 'number.csv'), 'image,object,kind,values\n\nscan.png,a,point,one,2\n');
  writeFileSync(join(folder, 'nothing.csv'), 'image,object,kind,values\n');
  writeFileSync(join(folder, 'broken.json'), '{"images": [');
  writeFileSync(join(folder, 'shape.json'), '{"images": [{"image": "scan.png", "objects": [{"points": [[1, "x"]]}]}]}');
  writeFileSync(join(folder, 'config.json'), '{"architecture": "samus"}');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.png'));
  writeFileSync(join(folder, 'scan.json'), '{"images": [{"image": "scan.png", "objects": [{"points": [[1, 2]]}]}]}');
  symlinkSync(join(folder, 'scan.json'), join(folder, 'link.json'));
  copyFileSync(join(folder, 'scan.png'), join(folder, 'scan.object-1.png'));
  writeFileSync(join(folder, 'newer.json'), '{"version": 2, "images": []}');
  mkdirSync(join(folder, 'kept'));
  for (const name of ['config.json', 'model.safetensors']) writeFileSync(join(folder, 'kept', name), '{}');
});

afterAll(() => removeFolder(folder));

function safetensors(tensors: Readonly<Record<string, readonly number[]>>): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const begin = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(end)]);
}

const MODEL = ['--model', 'model.pth'];
const POINT = ['--point', '20,20'];

const CASES: readonly (readonly [what: string, code: string, exit: number, args: readonly string[]])[] = [
  ['no command that exists', 'USAGE_UNKNOWN_COMMAND', 2, ['segmnt', 'scan.png']],
  ['an unknown option', 'USAGE_UNKNOWN_OPTION', 2, ['segment', 'scan.png', '--pointt', '1,2']],
  ['an option without its value', 'USAGE_MISSING_VALUE', 2, ['segment', 'scan.png', '--json', '--point']],
  ['an argument missing', 'USAGE_MISSING_ARGUMENT', 2, ['models', 'convert', 'model.pth']],
  ['an argument too many', 'USAGE_EXCESS_ARGUMENTS', 2, ['info', 'me']],
  ['an unknown format', 'USAGE_VALUE', 2, ['segment', 'scan.png', ...POINT, '--format', 'gif']],
  ['an unknown provider', 'USAGE_VALUE', 2, ['segment', 'scan.png', ...POINT, '--provider', 'tpu']],
  ['a number of threads that is none', 'USAGE_NUMBER', 2, ['segment', 'scan.png', ...POINT, '--threads', 'two']],
  ['no image', 'IMAGES_MISSING', 2, ['segment', ...POINT]],
  ['no prompt', 'PROMPTS_MISSING', 2, ['segment', 'scan.png']],
  ['a point of one number', 'PROMPT_POINT', 2, ['segment', 'scan.png', '--point', '20']],
  ['a point with a strange label', 'PROMPT_POINT', 2, ['segment', 'scan.png', '--point', '20,20,left']],
  ['a point without end', 'PROMPT_POINT', 2, ['segment', 'scan.png', '--point', 'Infinity,1']],
  ['a box of three numbers', 'PROMPT_BOX', 2, ['segment', 'scan.png', '--box', '1,2,3']],
  ['two boxes for an object', 'PROMPT_BOX_TWICE', 2, ['segment', 'scan.png', '--box', '1,2,3,4', '--box', '1,2,3,4']],
  ['an object without a prompt', 'PROMPT_OBJECT_EMPTY', 2, ['segment', 'scan.png', '--object', 'a']],
  ['an object twice', 'PROMPT_OBJECT_TWICE', 2, ['segment', 'scan.png', '--object', 'a', ...POINT, '--object', 'a']],
  ['a path as a name', 'PROMPT_OBJECT_NAME', 2, ['segment', 'scan.png', '--object', '../a', ...POINT]],
  ['prompts twice', 'PROMPTS_TWICE', 2, ['segment', 'scan.png', ...POINT, '--prompts', 'kind.csv']],
  ['everything and a prompt', 'EVERYTHING_PROMPTS', 2, ['segment', 'scan.png', '--everything', ...POINT]],
  ['everything and prompts', 'EVERYTHING_PROMPTS', 2, ['segment', '--everything', '--prompts', 'kind.csv']],
  ['everything and three masks', 'EVERYTHING_OPTION', 2, ['segment', 'scan.png', '--everything', '--multimask']],
  [
    'everything and tensors',
    'EVERYTHING_OPTION',
    2,
    ['segment', 'scan.png', '--everything', '--save-tensors', 't.safetensors'],
  ],
  ['a grid without everything', 'EVERYTHING_OPTION', 2, ['segment', 'scan.png', ...POINT, '--points-per-side', '8']],
  ['everything in no image', 'IMAGES_MISSING', 2, ['segment', '--everything']],
  ['a share over 1', 'USAGE_NUMBER', 2, ['segment', 'scan.png', '--everything', '--score-threshold', '1.5']],
  ['a grid too fine', 'AUTOMATIC_OPTION', 2, ['segment', 'scan.png', '--everything', '--points-per-side', '900']],
  ['a point outside', 'PROMPT_POINT_OUTSIDE', 2, ['segment', 'scan.png', '--point', '120,20', ...MODEL]],
  ['a point left of the image', 'PROMPT_POINT_OUTSIDE', 2, ['segment', 'scan.png', '--point', '-1,20', ...MODEL]],
  ['a box of no area', 'PROMPT_BOX_EMPTY', 2, ['segment', 'scan.png', '--box', '5,5,5,9', ...MODEL]],
  ['a box outside', 'PROMPT_BOX_OUTSIDE', 2, ['segment', 'scan.png', '--box', '5,5,500,9', ...MODEL]],
  [
    'tensors of two images',
    'SAVE_TENSORS_ONE_IMAGE',
    2,
    ['segment', 'scan.png', 'cut.png', ...POINT, ...MODEL, '--save-tensors', 't.safetensors'],
  ],
  [
    'a result in place of the image',
    'OUTPUT_IS_INPUT',
    2,
    ['segment', 'scan.png', ...POINT, ...MODEL, '--save-tensors', './scan.png'],
  ],
  [
    'a result in place of the prompts',
    'OUTPUT_IS_INPUT',
    2,
    ['segment', '--prompts', 'scan.json', ...MODEL, '--out', '.', '--format', 'json'],
  ],
  [
    'a result in place of the prompts behind a link',
    'OUTPUT_IS_INPUT',
    2,
    ['segment', '--prompts', 'link.json', ...MODEL, '--out', '.', '--format', 'json'],
  ],
  [
    'a result in place of a mask',
    'OUTPUT_IS_INPUT',
    2,
    ['segment', 'scan.png', '--mask', 'scan.object-1.png', ...MODEL, '--out', '.'],
  ],
  [
    'tensors in place of the model',
    'OUTPUT_IS_INPUT',
    2,
    ['segment', 'scan.png', ...POINT, '--model', 'kept', '--save-tensors', 'kept/model.safetensors'],
  ],
  ['a model in place of itself', 'OUTPUT_IS_INPUT', 2, ['models', 'convert', 'kept', './kept/', '--int8']],
  ['a model in place of its weights', 'OUTPUT_IS_INPUT', 2, ['models', 'convert', 'kept/model.safetensors', 'kept']],
  [
    'a mean in place of one of its models',
    'OUTPUT_IS_INPUT',
    2,
    ['models', 'average', 'model.pth', 'kept', '--out', 'kept'],
  ],
  ['a model in place of its start', 'OUTPUT_IS_INPUT', 2, ['models', 'init', 'samus', 'kept', '--from', 'kept']],
  [
    'two results in one place',
    'OUTPUT_TWICE',
    2,
    ['segment', 'scan.png', '--object', 'a', ...POINT, '--object', 'A', ...POINT, ...MODEL],
  ],
  ['no such image', 'IMAGE_NOT_FOUND', 3, ['segment', 'missing.png', ...POINT, ...MODEL]],
  ['a link to nothing', 'IMAGE_NOT_FOUND', 3, ['segment', 'dangling.png', ...POINT, ...MODEL]],
  ['a folder for an image', 'IMAGE_UNREADABLE', 3, ['segment', 'occupied', ...POINT, ...MODEL]],
  ['a text for an image', 'IMAGE_FORMAT', 3, ['segment', 'text.png', ...POINT, ...MODEL]],
  ['an empty image', 'IMAGE_FORMAT', 3, ['segment', 'empty.png', ...POINT, ...MODEL]],
  ['half an image', 'IMAGE_CORRUPT', 3, ['segment', 'cut.png', ...POINT, ...MODEL]],
  ['an image 60,000 pixels wide', 'IMAGE_TOO_LARGE', 3, ['segment', 'wide.png', ...POINT, ...MODEL]],
  ['a mask of another size', 'PROMPT_MASK_SIZE', 3, ['segment', 'scan.png', '--mask', 'small-mask.png', ...MODEL]],
  ['a mask that is missing', 'IMAGE_NOT_FOUND', 3, ['segment', 'scan.png', '--mask', 'missing.png', ...MODEL]],
  ['no such model', 'MODEL_NOT_FOUND', 3, ['segment', 'scan.png', ...POINT, '--model', 'missing']],
  ['half a checkpoint', 'CHECKPOINT_', 3, ['segment', 'scan.png', ...POINT, '--model', 'cut.pth']],
  ['a text for a checkpoint', 'CHECKPOINT_FORMAT', 3, ['segment', 'scan.png', ...POINT, '--model', 'text.pth']],
  ['weights of something else', 'MODEL_ARCHITECTURE_UNKNOWN', 3, ['models', 'info', 'other.safetensors']],
  ['a folder that is no model', 'MODEL_FOLDER_INCOMPLETE', 3, ['models', 'info', 'occupied']],
  ['no such prompts file', 'PROMPTS_UNREADABLE', 3, ['segment', '--prompts', 'missing.csv']],
  ['a prompts file with other columns', 'PROMPTS_COLUMNS', 3, ['segment', '--prompts', 'columns.csv']],
  ['a prompt of an unknown kind', 'PROMPTS_LINE', 3, ['segment', '--prompts', 'kind.csv']],
  ['a prompt that is no number', 'PROMPTS_LINE', 3, ['segment', '--prompts', 'number.csv']],
  ['a prompts file without prompts', 'PROMPTS_EMPTY', 3, ['segment', '--prompts', 'nothing.csv']],
  ['JSON that is cut off', 'PROMPTS_JSON', 3, ['segment', '--prompts', 'broken.json']],
  ['JSON of another form', 'PROMPTS_JSON', 3, ['segment', '--prompts', 'shape.json']],
  ['JSON of a newer version', 'ANNOTATION_VERSION', 3, ['segment', '--prompts', 'newer.json']],
  [
    'an image without prompts in the file',
    'PROMPTS_NO_IMAGE',
    3,
    ['segment', 'cut.png', '--prompts', 'prompts.csv', ...MODEL],
  ],
  [
    'a file where the results should go',
    'FILE_UNWRITABLE',
    3,
    ['segment', 'scan.png', ...POINT, ...MODEL, '--out', 'a-file'],
  ],
  [
    'tensors below a file',
    'FILE_UNWRITABLE',
    3,
    ['segment', 'scan.png', ...POINT, ...MODEL, '--save-tensors', 'a-file/t.safetensors'],
  ],
  [
    'tensors in place of a folder',
    'FILE_UNWRITABLE',
    3,
    ['segment', 'scan.png', ...POINT, ...MODEL, '--save-tensors', 'occupied'],
  ],
  ['phantoms below a file', 'FILE_UNWRITABLE', 3, ['phantom', 'a-file/new']],
  ['a model below a file', 'FILE_UNWRITABLE', 3, ['models', 'convert', 'model.pth', 'a-file/new']],
  [
    'a converted model over a folder of others',
    'MODEL_FOLDER_OCCUPIED',
    2,
    ['models', 'convert', 'model.pth', 'occupied'],
  ],
  [
    'a configuration with nothing in it',
    'CONFIG_FIELD',
    3,
    ['models', 'convert', 'model.pth', 'new', '--config', 'config.json'],
  ],
  [
    'a configuration that is missing',
    'CONFIG_UNREADABLE',
    3,
    ['models', 'convert', 'model.pth', 'new', '--config', 'no.json'],
  ],
  ['half a checkpoint to convert', 'CHECKPOINT_', 3, ['models', 'convert', 'cut.pth', 'new']],
  ['SAMUS as the start of SAMUS', 'INIT_FROM', 3, ['models', 'init', 'samus', '--from', 'model.pth', 'new']],
  ['no checkpoint to start from', 'USAGE_MISSING_OPTION', 2, ['models', 'init', 'samus', 'new']],
  ['an architecture that cannot be made', 'USAGE_VALUE', 2, ['models', 'init', 'unet', 'new', '--from', 'model.pth']],
  ['phantoms of no size', 'PHANTOM_SIZE', 2, ['phantom', 'new', '--size', '8x8']],
  ['a size that is none', 'USAGE_SIZE', 2, ['phantom', 'new', '--size', 'big']],
  ['no phantoms at all', 'USAGE_NUMBER', 2, ['phantom', 'new', '--count', '0']],
  // A provider that the package for this system does not contain.
  [
    'a provider of another system',
    'PROVIDER_UNAVAILABLE',
    4,
    ['segment', 'scan.png', ...POINT, ...MODEL, '--provider', process.platform === 'darwin' ? 'dml' : 'coreml'],
  ],
];

describe('a usage error has a code and leaves nothing behind', () => {
  let before: string[];
  /** What stands in the folder, but for files that another of the commands at work is just writing. */
  const settled = () => filesIn(folder).filter((path) => !/\.tmp(\/|$)/.test(path));

  beforeAll(() => {
    writeFileSync(join(folder, 'prompts.csv'), 'image,object,kind,values\nscan.png,a,point,1,2\n');
    before = filesIn(folder);
  });

  it.concurrent.each(CASES)('%s: %s', async (_, code, exit, args) => {
    const {
      code: status,
      stdout,
      stderr,
    } = await samus(folder, ...args, ...(args.includes('--json') ? [] : ['--json']));
    const { error } = JSON.parse(stdout);
    expect(error.code).toMatch(new RegExp(`^${code}`));
    expect(error.message).toMatch(/\S/);
    expect(error.message).not.toMatch(/\n/);
    expect(error.hint).toMatch(/\S/);
    expect(error.details).toBeTypeOf('object');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(exit);
    expect(settled()).toEqual(before);
  });

  it('leaves no partial files', () => {
    expect(filesIn(folder)).toEqual(before);
  });

  it('prints two lines without --json', async () => {
    const { code, stdout, stderr } = await samus(folder, 'segment', 'missing.png', ...POINT, ...MODEL);
    expect([code, stdout]).toEqual([3, '']);
    // On a busy machine a line of progress may come first.
    expect(stderr).toMatch(/^error: .*missing\.png.*\nhint: .*\n$/m);
  });

  it('suggests a similar option', async () => {
    const { stderr } = await samus(folder, 'segment', 'scan.png', '--pointt', '1,2');
    expect(stderr).toMatch(/hint: Did you mean --point\?/);
  });
});
