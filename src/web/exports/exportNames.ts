/** Names of what an export writes: of a clip, each frame is an image of its own, `NAME.FRAME.png`. */
import { OutputNames, outputStems, stemInFolder, stemOf } from '../../formats/outputNames.js';
import { countFrames } from '../open/decodePicture.js';
import type { ExportImage } from './exportContract.js';

/** An image with its names in the export. */
export interface NamedImage extends ExportImage {
  /** Of its file. */
  readonly frames: number;
  /** Without ending, each once. */
  readonly stem: string;
  /** As a picture: its path, or that of its frame. */
  readonly picture: string;
}

/** @param inFolder whether names keep the folders of the paths */
export async function namedImages(images: readonly ExportImage[], inFolder: boolean): Promise<NamedImage[]> {
  const counts = new Map<string, number>();
  for (const { content, file } of images) {
    if (!counts.has(content)) counts.set(content, await countFrames(file));
  }
  const framesOf = ({ content, frame }: ExportImage): number => Math.max(frame, counts.get(content) ?? 1);
  const paths = images.map((image) => ({
    path: image.path,
    ...(framesOf(image) > 1 && { frame: image.frame }),
  }));
  const names = new OutputNames(images.map(({ path }) => path));
  const stems = outputStems(paths, inFolder ? stemInFolder : stemOf, names);
  return images.map((image, i) => {
    const [frames, stem] = [framesOf(image), stems[i]!];
    return { ...image, frames, stem, picture: frames > 1 ? `${stem}.png` : image.path };
  });
}
