/**
 * What belongs together in datasets that this project knows, by the names of their images: the images of a
 * patient, or as much of them as names show (a recording, an examination, a screen). Images of one patient resemble each other, so
 * splits keep them on one side and intervals resample them together. What images.csv says goes before; a dataset
 * whose names show nothing (BUSI, PSFHS, DL_Track, TG3K) has no rule here.
 */

/** By dataset: the first group that is there names the patient. */
const RULES: ReadonlyMap<string, RegExp> = new Map([
  // 202201121748100022VAS_slice_1108: date, time and device of a recording, and a frame.
  ['Artery-CCA', /^(.+)_slice_\d+$/],
  // bus_0003-r: patient and side.
  ['Breast-BUSBRA', /^bus_(\d+)-[lrs]$/],
  // ANFO_002: patient and image.
  ['Breast-BUSUCLM', /^([A-Z]{4})_\d+$/],
  // 010_HC, 010_2HC: images of one examination.
  ['FetalHead-HC18', /^(\d+)_\d*HC$/],
  // patient0001_2CH_ED as published, 0055_2CH_000 in US30K: patient, view, frame.
  ['Echocardiography-CAMUS', /^((?:patient)?\d+)_\dCH_/],
  // 0001_ch4_000 in US30K: recording, view, frame.
  ['Echocardiography-HMCQU', /^(\d+)_ch\d_/],
  // 1_2 as published: case and image. As pairs of PNG test10047 and test20047 are the halves of screen 47; of screens
  // with one view, test47, nothing is known.
  ['ThyroidNodule-DDTI', /^(\d+)_\d+$|^test[12](\d{4})$/],
]);

/** The patient of an image by its name, where the names of its dataset show it. */
export function patientByName(dataset: string, name: string): string | undefined {
  const match = RULES.get(dataset)?.exec(name);
  return match?.slice(1).find((group) => group !== undefined);
}
