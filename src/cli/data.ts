/**
 * Options of `samus data`. Imports little, so that help and usage errors are instant; the work is in dataImport.ts,
 * dataCheck.ts, dataSplit.ts and dataTable.ts.
 */
import { Argument, Command, Option } from 'commander';
import { type FrameSelection, IMPORTER_TITLES } from '../data/importers/importer.js';
import { SamusError } from '../errors.js';
import type { ImportCommandOptions } from './dataImport.js';
import type { SplitCommandOptions } from './dataSplit.js';
import { NOTICE } from './packageInfo.js';
import { parseCount, parseNames } from './promptOptions.js';
import { conflict, finish } from './run.js';

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
Datasets:
${TITLES}

Writes OUT/<Dataset>/img, label and images.csv, and class.json, dataset.json and lists to OUT/MainPatient. The list
all-<Dataset> names every object of every image, empty-<Dataset> the images without objects. If the authors split their
patients, train-, val- and test-<Dataset> follow that split. One folder can contain several datasets.

Examples:
  samus data import busi Dataset_BUSI_with_GT data
  samus data import pair own data --dataset Liver-Own --classes liver,vessel --images scans --labels masks
  samus data import coco annotations.json data --dataset Nerve-Own --size 256
  samus data import dicom export data --dataset Thyroid-Own --frames masks

${NOTICE}.`;

function importCommand(): Command {
  return new Command('import')
    .description('Convert a published dataset to the layout for training')
    .addArgument(new Argument('<name>', 'the dataset').choices(Object.keys(IMPORTER_TITLES)))
    .argument('<source>', 'the folder as published, or a zip archive of it (coco: the JSON file)')
    .argument('[out]', 'the folder of datasets to add it to; created if missing')
    .option('--out <folder>', 'the same as the argument')
    .addOption(
      new Option('--size <pixels>', 'stretch images to squares of this side, like the published data').argParser(
        parseCount('--size', 1, 4096),
      ),
    )
    .option('--dataset <name>', 'name of the dataset (pair, coco, dicom, phantom)')
    .addOption(
      new Option('--classes <names>', 'object names in the order of their indices (pair, dicom)').argParser(parseNames),
    )
    .option('--images <folder>', 'folder of the images within the source (pair, coco)')
    .option('--basenames', 'match images by file name only, ignoring folders in the annotations (coco)')
    .option('--labels <folder>', 'folder of the labels within the source (pair)')
    .addOption(
      new Option('--frames <which>', 'frames of clips: all (default), masks, or every:N (dicom)').argParser(
        parseSelection,
      ),
    )
    .option('--replace', 'replace an existing dataset')
    .option('--map <file>', 'write a table of images and the files that they come from; of DICOM, keep it secret')
    .option('--json', 'print one JSON document')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(
      async (
        name: string,
        source: string,
        place: string | undefined,
        options: ImportCommandOptions & JsonOption & { readonly out?: string },
      ) => {
        const { out = place, ...others } = options;
        if (place !== undefined && options.out !== undefined) throw conflict('--out', 'the argument <out>');
        if (out === undefined) {
          const message = 'expected the folder of datasets, got none';
          throw new SamusError('USAGE_MISSING_ARGUMENT', message, 'name it behind the source, or with --out');
        }
        const { importData } = await import('./dataImport.js');
        finish(await importData(name, source, out, others), options.json);
      },
    );
}

const CHECK_EXAMPLES = `
Errors: unreadable files, labels of another size or with unknown classes, list lines without an image, and the same
image, an identical copy or the same patient on two sides of a split. Warnings: images without label, labels without
object, identical images, samples without object, similar images on two sides of a split. Exit code 1 if there are
errors. The lists train, val and test are one split; train-NAME, val-NAME and test-NAME are another; --lists checks
only the lists it names, as one split.

Examples:
  samus data check data
  samus data check data --lists train-camus,val-camus,test-Echocardiography-CAMUS

${NOTICE}.`;

function checkCommand(): Command {
  return new Command('check')
    .description('Check for problems that invalidate training or evaluation')
    .argument('<root>', 'the folder of datasets')
    .addOption(new Option('--lists <names>', 'check only these lists, as the sides of one split').argParser(parseNames))
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (root: string, options: JsonOption & { readonly lists?: readonly string[] }) => {
      const { checkData } = await import('./dataCheck.js');
      finish(await checkData(root, options.lists), options.json);
    });
}

const SPLIT_EXAMPLES = `
Splits each dataset separately and keeps all images of a patient on one side. Patients come from images.csv or, for
known datasets, from the image names. Writes the lists train, val and test, and the same for each dataset
(train-<Dataset>); --name NAME writes only train-NAME and so on, --folds writes train-fold1, val-fold1 and so on. The
same seed gives the same lists.

Examples:
  samus data split data --ratios 7,1,2 --seed 1
  samus data split data --from train-Echocardiography-CAMUS --ratios 9,1 --name camus
  samus data split data --folds 5

${NOTICE}.`;

function splitCommand(): Command {
  return new Command('split')
    .description('Split images into lists for training, validation and test')
    .argument('<root>', 'the folder of datasets')
    .addOption(
      new Option('--ratios <train,val,test>', 'ratio of the split').argParser(parseShares).default([7, 1, 2], '7,1,2'),
    )
    .addOption(
      new Option('--folds <number>', 'make cross-validation folds instead').argParser(parseCount('--folds', 2)),
    )
    .addOption(new Option('--seed <number>', 'seed of the random order').argParser(parseCount('--seed', 0)).default(1))
    .addOption(new Option('--datasets <names>', 'split only these').argParser(parseNames))
    .addOption(new Option('--from <lists>', 'split only the samples of these lists').argParser(parseNames))
    .option('--name <name>', 'suffix of the list names')
    .option('--with-empty', 'include images without an object, as class 1')
    .option('--replace', 'replace existing lists')
    .option('--json', 'print one JSON document')
    .addHelpText('after', SPLIT_EXAMPLES)
    .action(async (root: string, options: SplitCommandOptions & JsonOption) => {
      const { splitData } = await import('./dataSplit.js');
      finish(await splitData(root, options), options.json);
    });
}

function tableCommand(): Command {
  return new Command('table')
    .description('Print images, lists, patients and sizes for each dataset and class')
    .argument('<root>', 'the folder of datasets')
    .addOption(
      new Option('--lists <names>', 'count samples in these lists (default: train, val and test)').argParser(
        parseNames,
      ),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  samus data table data\n\n${NOTICE}.`)
    .action(async (root: string, options: JsonOption & { readonly lists?: readonly string[] }) => {
      const { tableData } = await import('./dataTable.js');
      finish(await tableData(root, options.lists), options.json);
    });
}

/** `all`, `masks` or `every:N`. */
function parseSelection(text: string): FrameSelection {
  if (text === 'all' || text === 'masks') return text;
  const [, count = ''] = /^every:(\d{1,6})$/.exec(text) ?? [];
  if (Number(count) >= 1) return { every: Number(count) };
  const message = `expected frames as all, masks or every:N, got "${text}"`;
  throw new SamusError('USAGE_FRAMES', message, 'write it like every:10');
}

function parseShares(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const shares = parts.map((part) => (part === '' ? Number.NaN : Number(part)));
  const valid =
    shares.length >= 2 && shares.length <= 3 && shares.every((share) => share >= 0 && Number.isFinite(share));
  if (valid && shares.some((share) => share > 0)) return shares;
  const message = `expected two or three shares like 7,1,2, got "${text}"`;
  throw new SamusError('USAGE_LIST', message, 'correct the ratios');
}
