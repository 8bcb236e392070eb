/**
 * The work of `samus dicom frames`.
 */

import { basename, extname, join } from 'node:path';
import type { Json } from '../errors.js';
import { SamusError } from '../errors.js';
import { isDicom } from '../formats/dicom/dicomSource.js';
import { spacingIn } from '../formats/dicom/regions.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { openImage } from '../formats/imageFile.node.js';
import { cutOffNote } from '../formats/imageSource.js';
import { writePng } from '../formats/imageWrite.node.js';
import { outputStems } from '../formats/outputNames.js';
import { type FrameRanges, frameNumbers } from '../jobs/frames.js';
import { uninterrupted } from './interrupt.js';
import { outputCheck, writeText } from './output.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface DicomFramesOptions {
  readonly out: string;
  readonly frames?: FrameRanges;
  readonly json?: boolean;
}

/** Writes frames as NAME.FRAME.png, and images.csv. @throws SamusError as openImage, of a frame, and of writing */
export async function writeDicomFrames(path: string, { out, frames = 'all' }: DicomFramesOptions): Promise<Outcome> {
  const source = await openDicom(path);
  const numbers = frameNumbers(frames, source, path);
  const { framesStated } = source;
  const note = cutOffNote(source);
  if (note !== undefined) warn(`${path}: ${note}`);
  const stems = outputStems(
    numbers.map((frame) => ({ path, frame })),
    (name) => basename(name, extname(name)),
  );
  const files = stems.map((stem) => join(out, `${stem}.png`));
  const table = join(out, 'images.csv');
  await (await outputCheck([path]))([...files, table]);
  await makeFolder(out);
  const progress = new Progress('writing frames', numbers.length);
  const rows = ['frame,spacing_x_mm,spacing_y_mm'];
  const spacings = numbers.map((frame) => spacingIn(source.calibration, frame));
  try {
    for (const [i, frame] of numbers.entries()) {
      progress.update(i);
      const image = await source.read(frame);
      await uninterrupted(() => writePng(files[i]!, image));
      rows.push([frame, ...(spacings[i]?.spacingMm ?? ['', ''])].join(','));
    }
    await writeText(table, `${rows.join('\n')}\n`);
  } finally {
    progress.end();
  }
  const document: Json = {
    frames: numbers.map((frame, i) => {
      const { why = null } = spacings[i] ?? {};
      return { frame, file: files[i]!, ...(why !== null && { why_no_mm: why }) };
    }),
    ...(framesStated !== undefined && { frames_stated: framesStated }),
    table,
  };
  const reasons = new Set(spacings.flatMap(({ why }) => (why === null ? [] : [why])));
  const without = [...reasons].map((why) => `no millimetres of frames: ${why}`);
  return { document, lines: [`${numbers.length} frame(s) in ${out}, millimetres in ${table}`, ...without] };
}

async function openDicom(path: string) {
  const source = await openImage(path);
  if (isDicom(source)) return source;
  throw new SamusError('IMAGE_FORMAT', `expected a DICOM file, but ${path} is of another type`, 'name a DICOM file', {
    image: path,
    format: source.format,
  });
}
