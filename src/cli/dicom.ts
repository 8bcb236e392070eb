/**
 * Options of `samus dicom`. The work is in dicomInfo.ts, dicomRun.ts and dicomDeidentify.ts.
 */
import { Command } from 'commander';
import { SamusError } from '../errors.js';
import type { DeidentifyOptions } from './dicomDeidentify.js';
import type { DicomInfoOptions } from './dicomInfo.js';
import type { DicomFramesOptions } from './dicomRun.js';
import { NOTICE } from './packageInfo.js';
import { parseFrames } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
Examples:
  samus dicom info clip.dcm
  samus dicom frames clip.dcm --out frames --frames 1-10
  samus dicom deidentify study --out copies --clean-pixels

${NOTICE}.`;

export function dicomCommand(): Command {
  return new Command('dicom')
    .description('Describe DICOM files, write their frames as PNG, and copy them without the patient')
    .addHelpText('after', EXAMPLES)
    .addCommand(infoCommand())
    .addCommand(framesCommand())
    .addCommand(deidentifyCommand());
}

function infoCommand(): Command {
  return new Command('info')
    .description(
      'Print what a DICOM image, video, segmentation or report contains: size, coding, millimetres, references',
    )
    .argument('<file>', 'a DICOM file')
    .option('--patient', 'also print the patient and the study')
    .option('--uids', 'also print the UIDs of objects that the file refers to')
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: DicomInfoOptions) => {
      const { describeDicom } = await import('./dicomInfo.js');
      finish(await describeDicom(file, options), options.json);
    });
}

function framesCommand(): Command {
  return new Command('frames')
    .description('Write the frames of a DICOM file as PNG, and their millimetres as images.csv')
    .argument('<file>', 'a DICOM file')
    .requiredOption('--out <folder>', 'the folder to write to')
    .option('--frames <numbers>', 'only these frames, counted from 1: A-B,C or all', parseFrames)
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: DicomFramesOptions) => {
      const { writeDicomFrames } = await import('./dicomRun.js');
      finish(await writeDicomFrames(file, options), options.json);
    });
}

function deidentifyCommand(): Command {
  return new Command('deidentify')
    .description('Copy DICOM images, segmentations and reports without names, dates, numbers and private elements')
    .argument('<input>', 'a DICOM file, or a folder')
    .requiredOption('--out <path>', 'the folder to write to, or a file for a file')
    .option(
      '--key <file>',
      'file with the secret from which replacement UIDs and names are derived; created if missing (default: OUT.key)',
    )
    .option(
      '--clean-pixels',
      'black out everything outside the two-dimensional regions, and write contact sheets to OUT.sheets',
    )
    .option('--mask <file>', 'with --clean-pixels: a picture that is black where pixels become black')
    .option('--i-have-looked', 'with --clean-pixels: you have seen on the contact sheets that no text is left')
    .option('--keep-names', 'keep the names of files and folders; they must not name a patient, number, date or UID')
    .option('--map <file>', 'write a table of originals and copies to this file; keep it secret')
    .option('--json', 'print one JSON document')
    .action(async (input: string, options: DeidentifyOptions) => {
      if (!options.cleanPixels && (options.mask !== undefined || options.iHaveLooked)) {
        const option = options.iHaveLooked ? '--i-have-looked' : '--mask';
        throw new SamusError(
          'USAGE_MISSING_OPTION',
          `expected --clean-pixels with ${option}, got none`,
          'add --clean-pixels',
        );
      }
      const { deidentifyAll } = await import('./dicomDeidentify.js');
      finish(await deidentifyAll(input, options), options.json);
    });
}
