/**
 * CAMUS (Leclerc 2019) in both releases: `database_nifti/patient0001/patient0001_2CH_ED.nii.gz` with the official
 * subgroups in `database_split`, and the challenge's `training/patient0001/patient0001_2CH_ED.mhd` with its `.raw`.
 * Labels are `…_gt`: 1 left ventricle, 2 myocardium, 3 left atrium. Sequences are left out.
 */
import { dirname, join, relative } from 'node:path';
import { planeImage } from '../../formats/volume.js';
import { readVolume } from '../../formats/volumeFile.node.js';
import { fileNames, findFolder, folderNames, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';

const DATASET = 'Echocardiography-CAMUS';
const ENDING = /\.(nii\.gz|nii|mhd|mha)$/i;

type Split = NonNullable<ImportItem['split']>;
const SUBGROUPS = [
  ['subgroup_training.txt', 'train'],
  ['subgroup_validation.txt', 'val'],
  ['subgroup_testing.txt', 'test'],
] as const;
/** Folders with patients, and the side of the split that they are where no subgroups are given. */
const FOLDERS = [
  ['.', undefined],
  ['database_nifti', undefined],
  ['training', 'train'],
  ['testing', 'test'],
] as const;

export const camus: Importer = {
  id: 'camus',
  layout: 'the folder database_nifti, or training, with folders like patient0001',
  options: [],
  async plan(source) {
    const items: ImportItem[] = [];
    const skipped: { file: string; reason: string }[] = [];
    for (const [name, side] of FOLDERS) {
      const folder = await findFolder(source, [name, join('CAMUS_public', name)]);
      const patients = folder ? (await folderNames(folder)).filter((patient) => /^patient\d+$/.test(patient)) : [];
      if (!folder || patients.length === 0) continue;
      const subgroups = await readSubgroups([source, dirname(folder), folder]);
      for (const patient of patients) {
        const split = subgroups.get(patient) ?? side;
        const views = await viewsOf(source, join(folder, patient));
        items.push(...views.items.map((item) => ({ ...item, ...(split && { split }) })));
        skipped.push(...views.skipped);
      }
    }
    const classes = ['left ventricle', 'myocardium', 'left atrium'];
    const entry = datasetEntry(
      classes,
      'CC BY-NC-SA 4.0, research use',
      'Leclerc et al. 2019, doi:10.1109/TMI.2019.2900516',
    );
    return { datasets: new Map([[DATASET, entry]]), items, skipped };
  },
};

/** The images of a patient at the ends of diastole and systole. */
async function viewsOf(source: string, folder: string) {
  const items: ImportItem[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const files = new Map((await fileNames(folder)).filter((n) => ENDING.test(n)).map((n) => [n.replace(ENDING, ''), n]));
  for (const [name, file] of files) {
    if (!/_(ED|ES)$/.test(name)) continue;
    const path = join(folder, file);
    const label = files.get(`${name}_gt`);
    if (label === undefined) {
      skipped.push({ file: relative(source, path), reason: 'it has no label' });
      continue;
    }
    items.push({
      dataset: DATASET,
      name,
      source: relative(source, path),
      load: async () => {
        const volume = await readVolume(path);
        const [x, y] = volume.spacingMm;
        const image = planeImage(volume, 0, path);
        const gt = planeImage(await readVolume(join(folder, label)), 0, label, 'mask');
        return { image, label: gt, ...(x && y && { spacingMm: [x, y] as const }) };
      },
    });
  }
  return { items, skipped };
}

async function readSubgroups(places: readonly string[]): Promise<ReadonlyMap<string, Split>> {
  const sides = new Map<string, Split>();
  for (const place of places) {
    for (const [file, side] of SUBGROUPS) {
      const text = (await textIfThere(join(place, 'database_split', file))) ?? (await textIfThere(join(place, file)));
      for (const patient of text?.match(/patient\d+/g) ?? []) sides.set(patient, side);
    }
    if (sides.size > 0) break;
  }
  return sides;
}
