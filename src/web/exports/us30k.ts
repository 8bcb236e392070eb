/**
 * Exports annotated images as a dataset in the US30K layout (data/us30kArchive.ts), for `samus train` and `samus data
 * check`.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Us30kImage, us30kFiles } from '../../data/us30kArchive.js';
import { SamusError } from '../../errors.js';
import { patientKey } from '../../formats/dicom/dicomFacts.js';
import { isDicom } from '../../formats/dicom/dicomSource.js';
import type { ImageSource } from '../../formats/imageSource.js';
import { extentOf, type SpacingMm } from '../../formats/mask.js';
import { frameName } from '../../formats/outputNames.js';
import type { ImageDocument } from '../document/types.js';
import { openPicture, type PictureFile } from '../open/decodePicture.js';
import type { Picture } from '../open/imageContract.js';
import { encodePicture } from '../open/pngPicture.js';
import { pageError } from '../pageError.js';
import type { Exported, ExportRequest } from './exportContract.js';
import { owned } from './exportContract.js';
import { type NamedImage, namedImages } from './exportNames.js';
import { classMap } from './labels.js';

/** Colour of an undefined class. */
const UNNAMED = '#808080';

/**
 * Images that cannot be read are left out and listed.
 * @throws SamusError EXPORT_IMAGE if none can be read
 */
export async function datasetFiles(
  { dataset, classes, images }: ExportRequest,
  progress: (done: number) => void,
): Promise<Exported> {
  const annotated: Us30kImage[] = [];
  const skipped: number[] = [];
  let firstSkipped: string | undefined;
  const pictures = new Pictures();
  const hash = saltedHash();
  for (const [i, named] of (await namedImages(images, false)).entries()) {
    const { path, stem, frame, frames, document } = named;
    const { width, height } = document;
    const found = await pictures.read(named);
    progress(i + 1);
    if (!found) {
      skipped.push(i);
      firstSkipped ??= named.picture;
      continue;
    }
    const { image, source } = found;
    const spacingMm = spacingOf(document, frame, source);
    const patient = isDicom(source) ? patientKey(source.file.data) : undefined;
    annotated.push({
      name: stem,
      png: encodePicture(image),
      width,
      height,
      // Drawn on demand: all images of a long list would fill the memory.
      get classes() {
        return classMap(document);
      },
      ...(spacingMm && { spacingMm }),
      // Frames of a clip resemble each other: a split keeps them on one side.
      ...(frames > 1 && { patient: stem.slice(0, -frameName('', frame).length) }),
      ...(patient !== undefined && { patient: hash(patient) }),
      source: path,
    });
  }
  pictures.close();
  if (annotated.length === 0 && firstSkipped !== undefined) throw pageError('EXPORT_IMAGE', { path: firstSkipped });
  const used = images.flatMap(({ document }) => document.objects.map(({ classId }) => classId));
  const most = Math.max(1, ...classes.map(({ id }) => id), ...new Set(used));
  const described = Array.from({ length: most }, (_, i) => {
    const known = classes.find(({ id }) => id === i + 1);
    return { name: known?.name ?? `class-${i + 1}`, color: known?.color ?? UNNAMED };
  });
  const files = us30kFiles({ dataset, classes: described, images: annotated });
  return { files: files.map(({ path, bytes }) => ({ path, bytes: owned(bytes) })), skipped };
}

/** Of a DICOM image that of the region that the objects lie in, as `samus data import dicom` has it. */
function spacingOf(document: ImageDocument, frame: number, source: ImageSource): SpacingMm | undefined {
  const { scale, width } = document;
  if (scale?.origin === 'calibrated' || !isDicom(source)) return scale?.mm;
  return source.spacingMm(frame, extentOf(classMap(document), width).box ?? undefined);
}

/** The salt is kept nowhere: with it, anyone who knows a patient could find their images. */
function saltedHash(): (text: string) => string {
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  return (text) => bytesToHex(sha256(utf8ToBytes(`${salt} ${text}`))).slice(0, 16);
}

interface FoundPicture {
  readonly image: Picture['image'];
  readonly source: ImageSource;
}

/** Reads pictures one after the other, a clip opened once for all of its frames. */
class Pictures {
  #open: { readonly content: string; readonly file: PictureFile } | undefined;

  /** Undefined if the file was moved or changed since it was opened. */
  async read({ content, file, frame }: NamedImage): Promise<FoundPicture | undefined> {
    try {
      if (this.#open?.content !== content) {
        this.close();
        this.#open = { content, file: await openPicture(file) };
      }
      const { source } = this.#open.file;
      return { image: (await this.#open.file.read(frame)).image, source };
    } catch (error) {
      if (error instanceof SamusError) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#open?.file.source.close?.();
    this.#open = undefined;
  }
}
