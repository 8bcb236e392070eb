/**
 * The pictures of a report: chosen samples are read and answered once more (an evaluation keeps no images), as small
 * JPEG files with outlines drawn over them as paths. Which samples is decided in examples.ts.
 */
import sharp from 'sharp';
import type { SampleList } from '../../data/sampleList.js';
import { outlinePath } from '../../formats/outline.js';
import { resizeBilinear } from '../../formats/resize.js';
import { answerImage, type Protocol } from '../answerImage.js';
import { type CaseSource, readCase } from '../evaluate.js';
import { overlapMetrics } from '../metricsOverlap.js';
import type { PromptableModel } from '../promptableModel.js';
import type { Example, GalleryEntry } from './examples.js';

/** Longest side of a picture: what a page shows of it. */
const PICTURE_SIDE = 320;
const JPEG = { quality: 82 } as const;

/** Pictures of the examples; of several random draws the first is shown. @throws SamusError as the evaluation did */
export async function makeGallery(
  model: PromptableModel,
  source: CaseSource,
  list: SampleList,
  examples: readonly Example[],
  protocol: Protocol & { readonly native: boolean },
): Promise<GalleryEntry[]> {
  const entries: GalleryEntry[] = [];
  for (const example of examples) {
    const sample = list.at(example.index);
    const shown = await readCase(model, source, sample, protocol.native);
    const { image, width, height } = shown;
    const [dialogue] = await answerImage(model, shown, [sample], {
      ...protocol,
      draws: Math.min(1, protocol.draws),
      noise: [],
    });
    const { truth, answer, overlaps, prompt } = dialogue!;
    const scale = Math.min(1, PICTURE_SIDE / Math.max(width, height));
    const side = (length: number): number => Math.max(1, Math.round(length * scale));
    const small = scale < 1 ? resizeBilinear(image, side(width), side(height)) : image;
    const raw = { width: small.width, height: small.height, channels: small.channels };
    const jpeg = await sharp(small.data, { raw }).jpeg(JPEG).toBuffer();
    entries.push({
      ...example,
      sample,
      width,
      height,
      picture: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
      // Of what is shown, where the sample was chosen by its mean over several draws.
      dice: overlapMetrics(overlaps[overlaps.length - 1]!).dice,
      truth: outlinePath({ width, height, data: truth }),
      prediction: outlinePath({ width, height, data: answer.mask }),
      prompt,
    });
  }
  return entries;
}
