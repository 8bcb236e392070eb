/**
 * Options of `samus models pull` and `samus models push`. The work is in modelsHubRun.ts.
 */
import { Command } from 'commander';
import { DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import type { PullOptions, PushOptions } from './modelsHubRun.js';
import { NOTICE } from './packageInfo.js';
import { finish } from './run.js';

const HUB_HELP = 'a model on the Hugging Face hub: hf:USER/NAME or hf:USER/NAME@REVISION';

const ENVIRONMENT = `HF_TOKEN (or the login of huggingface-cli) gives access, HF_HOME places the cache, HF_ENDPOINT names another hub, and
HF_HUB_OFFLINE=1 uses the cache alone.`;

const PULL_EXAMPLES = `
Every command takes such a name as a model and downloads it when it is first needed; pull does only that. It prints the
model folder in the cache, or with --out copies the model. Files are checked by their hashes; an interrupted download
continues. Without a network, the cache is used.

${ENVIRONMENT}

Examples:
  samus models pull hf:USER/NAME
  samus segment scan.png --point 120,88 --model hf:USER/NAME@v2

${NOTICE}.`;

export function pullCommand(): Command {
  return new Command('pull')
    .description('Download a model from the Hugging Face hub')
    .argument('<model>', HUB_HELP)
    .option('--out <folder>', 'copy the model to this folder')
    .option('--json', 'print one JSON document')
    .addHelpText('after', PULL_EXAMPLES)
    .action(async (name: string, options: PullOptions) => {
      const { pull } = await import('./modelsHubRun.js');
      finish(await pull(name, options), options.json);
    });
}

const PUSH_EXAMPLES = `
Uploads config.json, the weights and the model card; the card gets the front matter that the hub reads: library, task and
tags, and with --evaluation the Dice of each dataset. What the card already states stays. The repository is created if it
does not exist, private unless --public is given.

${ENVIRONMENT}

Examples:
  samus models push hf:USER/NAME --model models/mine
  samus models push hf:USER/NAME@v2 --model runs/a/best --evaluation report/summary.json --public

${NOTICE}.`;

export function pushCommand(): Command {
  return new Command('push')
    .description('Upload a model to the Hugging Face hub')
    .argument('<repository>', HUB_HELP)
    .option('--model <model>', MODEL_NAMES, DEFAULT_MODEL)
    .option('--evaluation <file>', 'the summary.json of samus evaluate --report, for the model card')
    .option('--public', 'create a public repository')
    .option('--json', 'print one JSON document')
    .addHelpText('after', PUSH_EXAMPLES)
    .action(async (name: string, options: PushOptions) => {
      const { push } = await import('./modelsHubRun.js');
      finish(await push(name, options), options.json);
    });
}
