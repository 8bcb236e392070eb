/**
 * Writes pictures with masks drawn in as DICOM Secondary Capture, for viewers that show no segmentations: one frame as
 * Secondary Capture Image, several as Multi-frame True Color (PS3.3 A.8).
 */
import { SamusError } from '../../errors.js';
import type { Image } from '../image.js';
import { numberOf, numbersOf, textOf } from './dataSet.js';
import {
  commonElements,
  type DicomObject,
  type ExportOrigin,
  type ExportSource,
  finishObject,
  lossyElements,
  SOURCE_PURPOSE,
  sourceFacts,
  sourceReference,
  writtenSource,
} from './derivedObject.js';
import { isFrameTime } from './dicomFacts.js';
import { codeItem, dataSet } from './writeDataSet.js';

/** A picture of a frame, in RGB. */
export interface DrawnFrame {
  readonly frame: number;
  readonly image: Image;
}

const SINGLE_FRAME = '1.2.840.10008.5.1.4.1.1.7';
const TRUE_COLOUR = '1.2.840.10008.5.1.4.1.1.7.4';
/** Milliseconds of a frame where the image does not say (25 a second). */
const FRAME_TIME = 40;

/**
 * The file of pictures of an image. Text that is burned into the image is in the pictures, too.
 * @param drawn one frame or several, in their order, of one size
 * @throws SamusError DICOM_SC_SIZE for pictures that are not RGB of one size, DICOM_SEG_REFERENCE
 */
export function writeDicomSc(source: ExportSource, drawn: readonly DrawnFrame[], origin: ExportOrigin): DicomObject {
  const facts = sourceFacts(source);
  const { date = new Date() } = origin;
  const [first] = drawn;
  const { width, height } = first?.image ?? { width: 0, height: 0 };
  const odd = drawn.find(({ image }) => image.channels !== 3 || image.width !== width || image.height !== height);
  if (!first || odd) {
    const got = odd ? `${odd.image.width}x${odd.image.height} with ${odd.image.channels} channels` : 'none';
    throw new SamusError(
      'DICOM_SC_SIZE',
      `expected RGB pictures of ${width}x${height} pixels, got ${got}`,
      'draw all frames alike',
    );
  }
  const several = drawn.length > 1;
  const images = drawn.map(
    ({ frame }) => new Map([...sourceReference(facts, frame), ...dataSet([0x0040_a170, [codeItem(SOURCE_PURPOSE)]])]),
  );
  const pixels = new Uint8Array(drawn.length * width * height * 3);
  for (const [n, { image }] of drawn.entries()) pixels.set(image.data, n * width * height * 3);
  return finishObject(
    new Map([
      ...commonElements(
        writtenSource(source, []),
        { ...origin, date },
        {
          sopClass: several ? TRUE_COLOUR : SINGLE_FRAME,
          modality: 'US',
          description: 'Overlay',
        },
      ),
      ...dataSet(
        [0x0008_0008, ['DERIVED', 'SECONDARY']],
        [0x0008_0064, 'WSD'],
        [0x0008_2111, 'Masks by samus drawn in, research use only'],
        [0x0008_2112, images],
        [0x0020_0020, ''],
        [0x0020_0060, ''],
        [0x0028_0002, 3],
        [0x0028_0004, 'RGB'],
        [0x0028_0006, 0],
        [0x0028_0010, height],
        [0x0028_0011, width],
        [0x0028_0100, 8],
        [0x0028_0101, 8],
        [0x0028_0102, 7],
        [0x0028_0103, 0],
        [0x0028_0301, textOf(source.data, 0x0028_0301) ?? 'YES'],
        [0x7fe0_0010, { vr: 'OB', bytes: pixels }],
      ),
      ...lossyElements(source),
      ...(several
        ? dataSet([0x0018_1063, frameTime(source)], [0x0028_0008, String(drawn.length)], [0x0028_0009, 0x0018_1063])
        : []),
    ]),
  );
}

/** Milliseconds from frame to frame: as the image says, or the mean of its vector, whose first entry is 0. */
function frameTime({ data }: ExportSource): number {
  const steps = numbersOf(data, 0x0018_1065).slice(1);
  const rate = numberOf(data, 0x0018_0040) ?? 0;
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  return [numberOf(data, 0x0018_1063) ?? Number.NaN, mean, 1000 / rate].find(isFrameTime) ?? FRAME_TIME;
}
