/**
 * Models on the Hugging Face hub, against a local server that speaks its routes: push, pull, use in other commands, the
 * cache, hashes, interrupted downloads, and a hub that is not there.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { tinyModel } from '../support/tinyModel.js';
import { HubServer, TOKEN } from './hubServer.js';
import { filesIn, newFolder, removeFolder, startSamus } from './samusProcess.js';

const hub = new HubServer();
/** Stands for the address of a server that has ended. */
const GONE = 'gone';
let gone = '';
let folder = '';
let cacheNumber = 0;
beforeAll(async () => {
  folder = newFolder();
  await hub.start();
  const ended = new HubServer();
  gone = await ended.start();
  await ended.stop();
  const { config, tensors } = tinyModel();
  const card = '---\nlicense: mit\ntags:\n  - mine\n---\n\n# mine\n';
  await writeModelFolder(join(folder, 'mine'), { config: serialiseConfig(config), tensors, card });
  hub.commit('anna/tiny', files());
  expect((await run(['phantom', '.', '--seed', '2'])).code).toBe(0);
});
beforeEach(() => {
  cacheNumber++;
  Object.assign(hub, { cutAfter: Number.POSITIVE_INFINITY, cuts: 0, spoiled: false, status: 0, hostile: {} });
  hub.requests.length = 0;
  hub.ranges.length = 0;
});
afterAll(async () => {
  await hub.stop();
  removeFolder(folder);
});

const files = () =>
  Object.fromEntries(
    ['config.json', 'model.safetensors', 'README.md'].map((name) => [name, readFileSync(join(folder, 'mine', name))]),
  );
/** A cache for each test. */
const home = () => join(folder, `home-${cacheNumber}`);
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const own = { HF_ENDPOINT: hub.url, HF_HOME: home(), HF_HUB_CACHE: join(home(), 'hub'), HF_TOKEN: TOKEN, ...env };
  return startSamus(folder, args, own.HF_ENDPOINT === GONE ? { ...own, HF_ENDPOINT: gone } : own).ended;
};
const failure = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { stdout, code } = await run([...args, '--json'], env);
  expect(code).toBeGreaterThan(0);
  return JSON.parse(stdout).error;
};

it('pulls a model into the cache of the hub, and takes its name as a model', async () => {
  const { code, stdout } = await run(['models', 'pull', 'hf:anna/tiny', '--json']);
  expect(code).toBe(0);
  const answer = JSON.parse(stdout);
  const commit = hub.repositories.get('anna/tiny')!.branches.get('main')!;
  const cache = join(home(), 'hub', 'models--anna--tiny');
  expect(answer).toEqual({
    model: 'hf:anna/tiny',
    commit,
    folder: join(cache, 'snapshots', commit),
    offline: false,
    architecture: 'samus',
  });
  for (const [name, data] of Object.entries(files()))
    expect(readFileSync(join(answer.folder, name)).equals(data), name).toBe(true);
  expect(readFileSync(join(cache, 'refs/main'), 'utf8')).toBe(commit);
  expect(readdirSync(join(cache, 'blobs')).filter((name) => !/^[0-9a-f]{40,64}$/.test(name))).toEqual([]);

  hub.requests.length = 0;
  const segment = async (model: string) => {
    const args = ['segment', 'phantom-2.png', '--point', '100,100', '--model', model, '--json'];
    return JSON.parse((await run(args)).stdout).images;
  };
  expect(await segment('hf:anna/tiny')).toEqual(await segment('mine'));
  expect(hub.requests.filter((request) => request.includes('/resolve/'))).toEqual([]);
});

it('reads a named commit without the hub, and copies a model out of the cache', async () => {
  const commit = hub.repositories.get('anna/tiny')!.branches.get('main')!;
  expect((await run(['models', 'pull', `hf:anna/tiny@${commit}`, '--out', 'copied'])).code).toBe(0);
  hub.requests.length = 0;
  expect((await run(['models', 'info', `hf:anna/tiny@${commit}`])).code).toBe(0);
  expect(hub.requests).toEqual([]);
  expect(readFileSync(join(folder, 'copied/model.safetensors')).equals(files()['model.safetensors']!)).toBe(true);
});

it('uses the cache when the hub is not there, and says so', async () => {
  expect((await run(['models', 'pull', 'hf:anna/tiny'])).code).toBe(0);
  for (const env of [{ HF_HUB_OFFLINE: '1' }, { HF_ENDPOINT: GONE }]) {
    const { code, stderr } = await run(['models', 'info', 'hf:anna/tiny'], env);
    expect(code).toBe(0);
    expect(stderr).toContain('the hub was not reached: hf:anna/tiny is commit');
  }
  hub.status = 503;
  expect((await run(['models', 'info', 'hf:anna/tiny'])).stderr).toContain('the hub was not reached');
});

it('continues a download that ended early, within the command and in the next', async () => {
  const { length } = files()['model.safetensors']!;
  const cutAfter = Math.floor(length / 8);
  Object.assign(hub, { cutAfter, cuts: 5 });
  expect(await failure(['models', 'pull', 'hf:anna/tiny'])).toMatchObject({
    code: 'HUB_UNREACHABLE',
    message: 'cannot reach the hub for hf:anna/tiny: the download of model.safetensors ended early',
    hint: 'run it again: the download continues where it stopped',
  });
  expect((await run(['models', 'pull', 'hf:anna/tiny'])).code).toBe(0);
  const starts = hub.ranges.map((range) => Number(/\d+/.exec(range)![0]));
  expect(starts[0]).toBe(0);
  expect(starts.length).toBeGreaterThanOrEqual(4);
  for (const [i, start] of starts.entries()) if (i > 0) expect(start).toBeGreaterThan(starts[i - 1]!);
});

it('refuses a file with another hash, and keeps none of it', async () => {
  hub.spoiled = true;
  const { code, message } = await failure(['models', 'pull', 'hf:anna/tiny']);
  expect(code).toBe('HUB_HASH');
  expect(message).toMatch(
    /expected (README\.md|config\.json|model\.safetensors) of hf:anna\/tiny to have the hash [0-9a-f]+, got other content/,
  );
  expect(readdirSync(join(home(), 'hub/models--anna--tiny/blobs'))).toEqual([]);
  hub.spoiled = false;
  expect((await run(['models', 'pull', 'hf:anna/tiny'])).code).toBe(0);
});

it('accepts no path as a hash or a commit', async () => {
  for (const [hostile, message] of [
    [
      { hash: '../../../stolen' },
      'expected the hash of model.safetensors from the hub for hf:anna/tiny, got other text',
    ],
    [{ sha: '../../stolen' }, 'expected a commit from the hub for hf:anna/tiny, got other text'],
  ] as const) {
    Object.assign(hub, { hostile });
    expect(await failure(['models', 'pull', 'hf:anna/tiny'])).toMatchObject({ code: 'HUB_HASH', message });
  }
  expect(filesIn(folder).filter((path) => path.includes('stolen'))).toEqual([]);
});

it('downloads in several processes at once, each into a file of its own', async () => {
  const ended = await Promise.all([1, 2, 3].map(() => run(['models', 'pull', 'hf:anna/tiny', '--json'])));
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  const [{ folder: pulled }] = ended.map(({ stdout }) => JSON.parse(stdout));
  for (const [name, data] of Object.entries(files())) expect(readFileSync(join(pulled, name)).equals(data)).toBe(true);
});

it('pushes a model with a card that the hub reads, private at first, and pulls the same again', async () => {
  const evaluation = {
    prompt: 'centre',
    datasets: [{ dataset: 'Breast-BUSI', className: 'lesion', images: 65, dice: { mean: 0.81234 } }],
  };
  writeFileSync(join(folder, 'summary.json'), JSON.stringify(evaluation));
  const { code, stdout } = await run([
    'models',
    'push',
    'hf:berta/new',
    '--model',
    'mine',
    '--evaluation',
    'summary.json',
    '--json',
  ]);
  expect(code).toBe(0);
  const repository = hub.repositories.get('berta/new')!;
  expect(JSON.parse(stdout)).toMatchObject({
    repository: 'berta/new',
    revision: 'main',
    commit: repository.branches.get('main'),
    created: true,
  });
  expect(repository.visibility).toBe('private');
  const card = hub.file('berta/new', 'README.md');
  expect(parse(/^---\n([\s\S]*?)\n---/.exec(card)![1]!)).toEqual({
    license: 'mit',
    tags: ['mine'],
    library_name: 'samus',
    pipeline_tag: 'mask-generation',
    metrics: ['dice'],
    'model-index': [
      {
        name: 'new',
        results: [
          {
            task: { type: 'image-segmentation' },
            dataset: { type: 'Breast-BUSI', name: 'Breast-BUSI, lesion' },
            metrics: [{ type: 'dice', name: 'Dice, prompt: centre, mean of 65 images', value: 0.8123 }],
          },
        ],
      },
    ],
  });
  expect(card).toMatch(/---\n\n# mine\n$/);

  expect((await run(['models', 'push', 'hf:berta/new@v2', '--model', 'mine'])).code).toBe(0);
  expect([...repository.branches.keys()]).toEqual(['main', 'v2']);
  expect((await run(['models', 'push', 'hf:berta/new@v2', '--model', 'mine'])).code).toBe(0);
  const pulled = JSON.parse((await run(['models', 'pull', 'hf:berta/new@v2', '--json'])).stdout);
  expect(readFileSync(join(pulled.folder, 'model.safetensors')).equals(files()['model.safetensors']!)).toBe(true);
});

it.each([
  [
    ['models', 'pull', 'hf:anna'],
    {},
    'HUB_NAME',
    'expected a model like hf:USER/NAME or hf:USER/NAME@REVISION, got hf:anna',
  ],
  [['models', 'info', 'hf:anna/tiny@../x'], {}, 'HUB_NAME', ''],
  [['models', 'pull', 'hf:anna/none'], {}, 'HUB_NOT_FOUND', 'cannot find hf:anna/none on the hub'],
  [['models', 'pull', 'hf:anna/tiny@none'], {}, 'HUB_NOT_FOUND', 'cannot find hf:anna/tiny@none on the hub'],
  [['models', 'pull', 'hf:anna/tiny'], { HF_TOKEN: 'abc' }, 'HUB_TOKEN', ''],
  [['models', 'pull', 'hf:anna/tiny'], { HF_HUB_OFFLINE: '1' }, 'HUB_UNREACHABLE', 'HF_HUB_OFFLINE is 1'],
  [['models', 'pull', 'hf:anna/tiny'], { HF_ENDPOINT: GONE }, 'HUB_UNREACHABLE', 'ECONNREFUSED'],
  [
    ['models', 'push', 'hf:berta/other', '--model', 'mine'],
    { HF_TOKEN: '' },
    'HUB_REFUSED',
    'expected an access token',
  ],
  [['models', 'push', 'hf:berta/other', '--model', 'mine'], { HF_TOKEN: 'hf_wrong' }, 'HUB_REFUSED', '(401)'],
  [
    ['models', 'push', 'hf:berta/other', '--model', 'mine/model.safetensors'],
    {},
    'HUB_PUSH',
    'expected a model folder',
  ],
  [
    ['models', 'push', 'hf:berta/other', '--model', 'mine', '--evaluation', 'mine/config.json'],
    {},
    'HUB_EVALUATION',
    '',
  ],
])('refuses %j with %j', async (args, env: Readonly<Record<string, string>>, code, message) => {
  const error = await failure(args, env);
  expect(error.code).toBe(code);
  expect(error.message).toContain(message);
  expect(JSON.stringify(error)).not.toContain(TOKEN);
  expect(hub.repositories.has('berta/other')).toBe(false);
});

it('refuses a repository that is not a model of samus', async () => {
  hub.commit('anna/other', { 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.from('x') });
  expect(await failure(['models', 'pull', 'hf:anna/other'])).toMatchObject({
    code: 'HUB_NOT_A_MODEL',
    message: 'expected config.json and model.safetensors in hf:anna/other, got no model.safetensors',
  });
});
