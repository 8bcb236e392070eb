/**
 * The work of `samus models pull` and `samus models push`.
 */
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SamusError } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';
import { type CardResult, hubCard, licenceIn } from '../formats/modelCard.js';
import { MODEL_FILES } from '../formats/modelFolder.node.js';
import { architectureOf } from '../models/registry.js';
import { asked, hubAccess, offlineWarning, parseHubName, pullModel } from '../predict/hubModel.node.js';
import { loadModel } from '../predict/loadModel.node.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import { readConfigFile, readModel } from './openModel.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { Progress, withProgress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface PullOptions {
  readonly out?: string;
  readonly json?: boolean;
}

/** @throws SamusError HUB_…, and what reading and writing a model throw */
export async function pull(name: string, { out }: PullOptions): Promise<Outcome> {
  const stages = new Map<string, Progress>();
  const model = await pullModel(name, (file, bytes, total) => {
    const progress = stages.get(file) ?? new Progress(`downloading ${file}`, total);
    stages.set(file, progress);
    progress.update(bytes);
  }).finally(() => {
    for (const progress of stages.values()) progress.end();
  });
  // Detects a repository that is not a model before anyone relies on it.
  const loaded = await loadModel(model.folder);
  if (model.offline) warn(offlineWarning(name, model));
  if (out !== undefined) {
    await checkModelOutput(out, [model.folder]);
    await saveModel(out, loaded, loaded.card ?? `# ${basename(out)}\n\n${NOTICE}.\n`);
  }
  const folder = out ?? model.folder;
  return {
    document: {
      model: name,
      commit: model.commit,
      folder,
      offline: model.offline,
      architecture: loaded.config.architecture,
    },
    lines: [`${name} (commit ${model.commit.slice(0, 7)}): ${folder}`],
  };
}

export interface PushOptions {
  readonly model: string;
  readonly evaluation?: string;
  readonly public?: boolean;
  readonly json?: boolean;
}

/** @throws SamusError HUB_…, HUB_PUSH for a model without a folder, HUB_EVALUATION, and what reading a model throws */
export async function push(name: string, options: PushOptions): Promise<Outcome> {
  const { repo, revision } = parseHubName(name);
  const results =
    options.evaluation === undefined ? [] : resultsOf(await readConfigFile(options.evaluation), options.evaluation);
  const model = await readModel(options.model);
  const paths = new Map((model.files ?? []).map((path) => [basename(path), path]));
  const [config, weights] = [paths.get(MODEL_FILES.config), paths.get(MODEL_FILES.weights)];
  if (config === undefined || weights === undefined) {
    const message = `expected a model folder, got ${options.model}`;
    throw new SamusError('HUB_PUSH', message, 'make a folder of it with samus models convert', {
      model: options.model,
    });
  }
  const { hubUrl, accessToken } = await hubAccess();
  if (accessToken === undefined) {
    throw new SamusError(
      'HUB_REFUSED',
      'expected an access token to upload with, got none',
      'set HF_TOKEN to a token that may write',
    );
  }
  if (licenceIn(model.card) === undefined)
    warn('the model card states no licence: add "license: …" to its front matter');
  const { task } = architectureOf(model.config);
  const card = hubCard(model.card ?? `# ${model.name}\n\n${NOTICE}.\n`, {
    name: repo.split('/')[1]!,
    task: task === 'prompted' ? 'mask-generation' : 'image-segmentation',
    tags: ['ultrasound', 'medical', 'image-segmentation', model.config.architecture],
    results,
  });
  const hub = await import('@huggingface/hub');
  const access = { ...(hubUrl !== undefined && { hubUrl }), accessToken };
  const created = await asked(name, () => madeRepository(hub, repo, options.public === true, access));
  if (revision !== 'main') {
    await asked(name, () => hub.createBranch({ ...access, repo, branch: revision }).catch(unlessThere));
  }
  const { commit } = await withProgress(`uploading to ${name}`, () =>
    asked(name, async () => {
      const uploaded = await hub.uploadFiles({
        ...access,
        repo,
        branch: revision,
        commitTitle: `Upload ${model.name} with samus ${packageVersion()}`,
        files: [
          { path: MODEL_FILES.config, content: pathToFileURL(config) },
          { path: MODEL_FILES.weights, content: pathToFileURL(weights) },
          { path: MODEL_FILES.card, content: new Blob([card]) },
        ],
      });
      if (!uploaded) throw new Error('the hub did not answer with a commit');
      return uploaded;
    }),
  );
  return {
    document: {
      model: options.model,
      repository: repo,
      revision,
      commit: commit.oid,
      url: commit.url,
      created,
      files: Object.values(MODEL_FILES),
    },
    lines: [`${name}: commit ${commit.oid.slice(0, 7)}, ${commit.url}`],
  };
}

type Hub = typeof import('@huggingface/hub');

/** Creates the repository. @returns false if it exists */
async function madeRepository(
  hub: Hub,
  repo: string,
  open: boolean,
  access: { readonly hubUrl?: string; readonly accessToken: string },
): Promise<boolean> {
  if (await hub.repoExists({ ...access, repo })) return false;
  await hub.createRepo({ ...access, repo, visibility: open ? 'public' : 'private' });
  return true;
}

/** The hub answers 409 for a branch that exists. */
function unlessThere(error: unknown): void {
  if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 409)) throw error;
}

/** @throws SamusError HUB_EVALUATION */
function resultsOf(summary: unknown, file: string): CardResult[] {
  const datasets = isFields(summary) && Array.isArray(summary.datasets) ? summary.datasets : undefined;
  const measured = isFields(summary) && typeof summary.prompt === 'string' ? summary.prompt : '';
  if (!datasets) {
    throw new SamusError(
      'HUB_EVALUATION',
      `expected the summary of an evaluation in ${file}, got another document`,
      'name the summary.json of samus evaluate --report',
      { file },
    );
  }
  return datasets.flatMap((group: unknown): CardResult[] => {
    if (!isFields(group) || !isFields(group.dice)) return [];
    const {
      dataset,
      className,
      images,
      dice: { mean },
    } = group;
    if (typeof dataset !== 'string' || typeof mean !== 'number') return [];
    return [
      { dataset, object: String(className), measured: `prompt: ${measured}, mean of ${images} images`, dice: mean },
    ];
  });
}
