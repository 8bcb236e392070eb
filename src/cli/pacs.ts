/**
 * Options of `samus pacs`. The work is in pacsRun.ts.
 */
import { Command } from 'commander';
import { SamusError } from '../errors.js';
import { NOTICE } from './packageInfo.js';
import type { PutOptions } from './pacsPut.js';
import type { FindOptions, GetOptions } from './pacsRun.js';
import { finish } from './run.js';

const EXAMPLES = `
Examples:
  samus pacs find --url http://localhost:8042/dicom-web --modality US
  samus pacs get --url http://localhost:8042/dicom-web --study 1.2.3 --modality US --out scans
  samus pacs put results --url http://localhost:8042/dicom-web

--auth FILE holds a token or user:password in one line.
${NOTICE}.`;

export function pacsCommand(): Command {
  return new Command('pacs')
    .description('Find, fetch and store DICOM files in a PACS over DICOMweb')
    .addHelpText('after', EXAMPLES)
    .addCommand(findCommand())
    .addCommand(getCommand())
    .addCommand(putCommand());
}

function findCommand(): Command {
  return withPacs(new Command('find'), 'List studies, the series of a study, or the instances of a series')
    .option('--study <uid>', 'list the series of this study')
    .option('--series <uid>', 'list the instances of this series of the study')
    .option('--modality <code>', 'only studies or series of this modality, such as US or SEG', upperCase)
    .option('--match <element=value>', 'only studies whose PatientID, StudyDate or the like match; repeatable', collect)
    .option('--patient', 'also print patient, dates and descriptions')
    .action(async (options: FindOptions) => {
      const { findInPacs } = await import('./pacsRun.js');
      finish(await findInPacs(options), options.json);
    });
}

function getCommand(): Command {
  return withPacs(new Command('get'), 'Fetch the instances of a study into a folder, as the PACS keeps them')
    .requiredOption('--study <uid>', 'the study')
    .option('--series <uid>', 'only this series')
    .option('--modality <code>', 'only series of this modality, such as US', upperCase)
    .requiredOption('--out <folder>', 'the folder to write to; files that it has are not fetched again')
    .action(async (options: GetOptions) => {
      const { getFromPacs } = await import('./pacsRun.js');
      finish(await getFromPacs(options), options.json);
    });
}

function putCommand(): Command {
  return withPacs(new Command('put'), 'Store the DICOM files of folders in the PACS, those that it lacks')
    .argument('<paths...>', 'DICOM files, or folders with them')
    .option('--again', 'also store what the PACS has')
    .action(async (paths: readonly string[], options: PutOptions) => {
      const { putIntoPacs } = await import('./pacsPut.js');
      finish(await putIntoPacs(paths, options), options.json);
    });
}

function withPacs(command: Command, description: string): Command {
  return command
    .description(description)
    .requiredOption('--url <url>', 'the DICOMweb service, such as http://localhost:8042/dicom-web')
    .option('--auth <file>', 'a file with a token or user:password')
    .option('--json', 'print one JSON document');
}

const upperCase = (text: string): string => text.toUpperCase();

function collect(text: string, before: readonly string[] = []): readonly string[] {
  if (/^\w+=./.test(text)) return [...before, text];
  // The value stays out of the message: it may name a patient.
  const hint = 'write it as PatientID=12345';
  throw new SamusError('PACS_MATCH', 'expected ELEMENT=VALUE as --match, got something else', hint);
}
