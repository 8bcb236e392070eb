/**
 * Options of `samus dicom`. The work is in dicomRun.ts.
 */
import { Command } from 'commander';
import type { DicomFramesOptions, DicomInfoOptions } from './dicomRun.js';
import { NOTICE } from './packageInfo.js';
import { parseFrames } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
Examples:
  samus dicom info clip.dcm
  samus dicom frames clip.dcm --out frames --frames 1-10

${NOTICE}.`;

export function dicomCommand(): Command {
  return new Command('dicom')
    .description('Describe DICOM files and write their frames as PNG')
    .addHelpText('after', EXAMPLES)
    .addCommand(infoCommand())
    .addCommand(framesCommand());
}

function infoCommand(): Command {
  return new Command('info')
    .description('Print the size, coding, regions with their millimetres, and frame times of a DICOM file')
    .argument('<file>', 'a DICOM file')
    .option('--patient', 'also print the patient and the study')
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: DicomInfoOptions) => {
      const { describeDicom } = await import('./dicomRun.js');
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
