/**
 * `samus data`: the options of its commands. Light, so that help and mistakes are answered at once; the work is in
 * dataImport.ts, dataCheck.ts, dataSplit.ts and dataTable.ts.
 */
import { Argument, Command, Option } from 'commander';
import { IMPORTER_TITLES } from '../data/importers/importer.js';
import { SamusError } from '../errors.js';
import type { ImportCommandOptions } from './dataImport.js';
import type { SplitCommandOptions } from './dataSplit.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

interface JsonOption {
  readonly json?: boolean;
}

export function dataCommand(): Command {
  const data = new Command('data').description('Import, check, split and describe datasets');
  for (const command of [importCommand(), checkCommand(), splitCommand(), tableCommand()]) data.addCommand(command);
  return data.addHelpText('after', `\n${NOTICE}.`);
}

const TITLES = Object.entries(IMPORTER_TITLES)
  .map(([id, title]) => `  ${id.padEnd(10)} ${title}`)
  .join('\n');

const IMPORT_EXAMPLES = `
What can be imported:
${TITLES}

Writes OUT/<Dataset>/img, label and images.csv, and in OUT/MainPatient class.json, dataset.json and lists: all-<Dataset>
names every object of every image, empty-<Dataset> images without one; where the authors split their patients, train-,
val- and test-<Dataset> follow them. Several datasets may be imported into one folder.

Examples:
  samus data import busi Dataset_BUSI_with_GT data
  samus data import pair own data --dataset Liver-Own --classes liver,vessel --images scans --labels masks
  samus data import coco annotations.json data --dataset Nerve-Own --size 256

${NOTICE}.`;

function importCommand(): Command {
  return new Command('import')
    .description('Bring a dataset, as its authors publish it, into the layout that training reads')
    .addArgument(new Argument('<name>', 'which dataset').choices(Object.keys(IMPORTER_TITLES)))
    .argument('<source>', 'the folder as published, unpacked (coco: the JSON file)')
    .argument('<out>', 'the folder of datasets to add it to; made if it is not there')
    .addOption(
      new Option('--size <pixels>', 'stretch images to squares of this side, as the published data are').argParser(
        parseCount('--size', 1, 4096),
      ),
    )
    .option('--dataset <name>', 'name of the dataset (pair, coco, phantom)')
    .addOption(
      new Option('--classes <names>', 'names of the objects in the order of their indices (pair)').argParser(
        parseNames,
      ),
    )
    .option('--images <folder>', 'where the images are within the source (pair, coco)')
    .option('--basenames', 'look for images by the last part of the paths in the annotations (coco)')
    .option('--labels <folder>', 'where the labels are within the source (pair)')
    .option('--replace', 'replace the dataset if it is there already')
    .option('--json', 'print one JSON document')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(async (name: string, source: string, out: string, options: ImportCommandOptions & JsonOption) => {
      const { importData } = await import('./dataImport.js');
      finish(await importData(name, source, out, options), options.json);
    });
}

const CHECK_EXAMPLES = `
Errors: unreadable files, labels of another size or with unknown classes, lists that name what is not there, the same
image, an equal one or the same patient on two sides of a split. Warnings: images without label, labels without object,
equal images, samples without object, images on two sides of a split that look alike. Ends with 1 if there are errors.
Lists named train, val and test are one split, train-NAME, val-NAME and test-NAME another; --lists names those of one.

Examples:
  samus data check data
  samus data check data --lists train-camus,val-camus,test-Echocardiography-CAMUS

${NOTICE}.`;

function checkCommand(): Command {
  return new Command('check')
    .description('Look for what spoils a training or an evaluation')
    .argument('<root>', 'the folder of datasets')
    .addOption(new Option('--lists <names>', 'check these lists only, as the sides of one split').argParser(parseNames))
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (root: string, options: JsonOption & { readonly lists?: readonly string[] }) => {
      const { checkData } = await import('./dataCheck.js');
      finish(await checkData(root, options.lists), options.json);
    });
}

const SPLIT_EXAMPLES = `
Each dataset is divided on its own, all images of a patient on one side; patients are those of images.csv or, in data
sets that this program knows, by the names of images. Writes the lists train, val and test, and each of them for each
dataset (train-<Dataset>); with --name NAME train-NAME and so on alone, with --folds train-fold1, val-fold1 and so on. The same seed gives the same lists.

Examples:
  samus data split data --ratios 7,1,2 --seed 1
  samus data split data --from train-Echocardiography-CAMUS --ratios 9,1 --name camus
  samus data split data --folds 5

${NOTICE}.`;

function splitCommand(): Command {
  return new Command('split')
    .description('Divide images into lists for training, validation and test')
    .argument('<root>', 'the folder of datasets')
    .addOption(
      new Option('--ratios <train,val,test>', 'shares of the sides').argParser(parseShares).default([7, 1, 2], '7,1,2'),
    )
    .addOption(new Option('--folds <number>', 'make folds instead').argParser(parseCount('--folds', 2)))
    .addOption(new Option('--seed <number>', 'of the random order').argParser(parseCount('--seed', 0)).default(1))
    .addOption(new Option('--datasets <names>', 'divide these only').argParser(parseNames))
    .addOption(new Option('--from <lists>', 'divide what these lists name, not every image').argParser(parseNames))
    .option('--name <name>', 'ending of the names of the lists')
    .option('--with-empty', 'take images without an object too, as class 1')
    .option('--replace', 'replace lists that are there already')
    .option('--json', 'print one JSON document')
    .addHelpText('after', SPLIT_EXAMPLES)
    .action(async (root: string, options: SplitCommandOptions & JsonOption) => {
      const { splitData } = await import('./dataSplit.js');
      finish(await splitData(root, options), options.json);
    });
}

function tableCommand(): Command {
  return new Command('table')
    .description('Print what is there: images, lists, patients and sizes for each dataset and class')
    .argument('<root>', 'the folder of datasets')
    .addOption(
      new Option('--lists <names>', 'count in these lists; train, val and test unless given').argParser(parseNames),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  samus data table data\n\n${NOTICE}.`)
    .action(async (root: string, options: JsonOption & { readonly lists?: readonly string[] }) => {
      const { tableData } = await import('./dataTable.js');
      finish(await tableData(root, options.lists), options.json);
    });
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new SamusError('USAGE_LIST', `expected names separated by commas, got "${text}"`, 'correct it');
}

function parseShares(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const shares = parts.map((part) => (part === '' ? Number.NaN : Number(part)));
  const valid =
    shares.length >= 2 && shares.length <= 3 && shares.every((share) => share >= 0 && Number.isFinite(share));
  if (valid && shares.some((share) => share > 0)) return shares;
  const message = `expected two or three shares like 7,1,2, got "${text}"`;
  throw new SamusError('USAGE_LIST', message, 'correct it');
}
