/** Writes the files of an export in any format, and packs them into one file if requested. */
import { type Zippable, zipSync } from 'fflate';
import type { Json } from '../../errors.js';
import { cocoDocument } from '../../formats/coco.js';
import { maskToImage } from '../../formats/image.js';
import { encodeNifti } from '../../formats/niftiWrite.js';
import { OutputNames, safeName } from '../../formats/outputNames.js';
import { decodeRle } from '../../formats/rle.js';
import type { ClassEntry } from '../document/types.js';
import { encodePicture } from '../open/pngPicture.js';
import { exportDicom } from './dicomExport.js';
import type { Exported, ExportRequest, OutputFile } from './exportContract.js';
import { isDicomFormat, owned } from './exportContract.js';
import { type NamedImage, namedImages } from './exportNames.js';
import { classMap } from './labels.js';
import { promptsDocument } from './promptsDocument.js';
import { datasetFiles } from './us30k.js';

/** Already compressed files. */
const PACKED = /\.(png|gz)$/;

/** @throws SamusError EXPORT_IMAGE if the format needs the images and none can be read */
export async function writeFiles(request: ExportRequest, progress: (done: number) => void): Promise<Exported> {
  const { files, ...rest } = await written(request, progress);
  if (!request.packed || files.length === 1) return { files, ...rest };
  const entries: Zippable = {};
  for (const { path, bytes } of files) entries[path] = [bytes, { level: PACKED.test(path) ? 0 : 6 }];
  const name = request.format === 'us30k' ? request.dataset : `samus-${request.format}`;
  return { files: [{ path: `${name}.zip`, bytes: owned(zipSync(entries)) }], ...rest };
}

async function written(request: ExportRequest, progress: (done: number) => void): Promise<Exported> {
  if (request.format === 'us30k') return datasetFiles(request, progress);
  if (isDicomFormat(request.format)) return exportDicom(request, request.format, progress);
  return { files: await filesOf(request, progress), skipped: [] };
}

async function filesOf(request: ExportRequest, progress: (done: number) => void): Promise<OutputFile[]> {
  const { format, images, classes } = request;
  const named = await namedImages(images, true);
  if (format === 'masks') {
    // One for all images: an object `b.c` of `a` and an object `c` of `a.b` have one name.
    const names = new OutputNames();
    return each(named, progress, (image) => maskFiles(image, names));
  }
  if (format === 'nifti') return each(named, progress, niftiFile);
  if (format === 'prompts') return [json('annotations.json', promptsDocument(named, classes))];
  const segmentation = format === 'coco-rle' ? 'rle' : 'polygons';
  return [json('coco.json', coco(named, classes, segmentation))];
}

function each(
  images: readonly NamedImage[],
  progress: (done: number) => void,
  make: (image: NamedImage) => OutputFile[],
): OutputFile[] {
  return images.flatMap((image, i) => {
    const files = make(image);
    progress(i + 1);
    return files;
  });
}

function maskFiles({ document, stem }: NamedImage, names: OutputNames): OutputFile[] {
  return document.objects.flatMap((object) => {
    if (!object.shape) return [];
    const { data, width, height } = decodeRle(object.shape);
    const own = names.takeWhole(`${stem}.${safeName(object.name)}`);
    return [{ path: `${own}.png`, bytes: encodePicture(maskToImage({ width, height, data })) }];
  });
}

function niftiFile({ document, stem }: NamedImage): OutputFile[] {
  const { width, height, scale } = document;
  return [{ path: `${stem}.nii.gz`, bytes: owned(encodeNifti(classMap(document), width, height, scale?.mm)) }];
}

function coco(images: readonly NamedImage[], classes: readonly ClassEntry[], segmentation: 'rle' | 'polygons') {
  const nameOf = (id: number): string => classes.find((one) => one.id === id)?.name ?? `class-${id}`;
  const used = images.flatMap(({ document }) => document.objects.map(({ classId }) => classId));
  const ids = [...new Set([...classes.map(({ id }) => id), ...used])].sort((a, b) => a - b);
  const sources = images.map(({ picture, document }) => ({
    file: picture,
    width: document.width,
    height: document.height,
    objects: document.objects.flatMap(({ shape, classId, name, answer, start }) => {
      const score = answer?.score ?? start?.score;
      if (!shape) return [];
      return [
        {
          // Unpacked on demand: all masks of a long list would fill the memory.
          get mask() {
            return decodeRle(shape).data;
          },
          category: nameOf(classId),
          categoryId: classId,
          name,
          ...(score != null && { score }),
        },
      ];
    }),
  }));
  const categories = ids.map((id) => ({ id, name: nameOf(id) }));
  const document = cocoDocument(sources, { segmentation, categories });
  // Other programs ignore it; this page uses it to find the image by content, and the frame.
  const origin = ({ content, frame, frames }: NamedImage) => ({ content, ...(frames > 1 && { frame }) });
  return { ...document, images: document.images.map((one, i) => ({ ...one, ...origin(images[i]!) })) };
}

function json(path: string, document: Json | ReturnType<typeof coco>): OutputFile {
  return { path, bytes: owned(new TextEncoder().encode(`${JSON.stringify(document)}\n`)) };
}
