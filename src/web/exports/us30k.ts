/**
 * The US30K layout (docs/data.md) of annotated images: what `samus train` and `samus data check` read. One list names
 * every class of every image; `samus data split` makes train and val of it.
 */
import { encodeClassPng } from '../../formats/classPng.js';
import { decodePicture } from '../open/decodePicture.js';
import { encodePicture } from '../open/pngPicture.js';
import type { ExportRequest, OutputFile } from './exportContract.js';
import { classMap } from './labels.js';
import { OutputNames } from './outputNames.js';

export async function us30kFiles(
  { dataset, classes, images }: ExportRequest,
  progress: (done: number) => void,
): Promise<OutputFile[]> {
  const names = new OutputNames();
  const files: OutputFile[] = [];
  const lines: string[] = [];
  const facts = ['name,patient,width,height,spacing_x_mm,spacing_y_mm,source'];
  let mostClass = Math.max(1, ...classes.map(({ id }) => id));
  for (const [i, { path, file, document }] of images.entries()) {
    const name = names.take(path);
    const { width, height, scale } = document;
    const { image } = await decodePicture(file);
    const labels = classMap(document);
    files.push({ path: `${dataset}/img/${name}.png`, bytes: encodePicture(image) });
    files.push({ path: `${dataset}/label/${name}.png`, bytes: owned(encodeClassPng(labels, width, height)) });
    const found = [...new Set(labels)].filter((value) => value !== 0).sort((a, b) => a - b);
    mostClass = Math.max(mostClass, ...found);
    lines.push(...found.map((value) => `${value}/${dataset}/${name}`));
    facts.push([name, '', width, height, scale?.mm[0] ?? '', scale?.mm[1] ?? '', quoted(path)].join(','));
    progress(i + 1);
  }
  const ids = Array.from({ length: mostClass + 1 }, (_, id) => id);
  const entry = (id: number) => classes.find((one) => one.id === id);
  const described = {
    classes: ids.map((id) => (id === 0 ? 'background' : (entry(id)?.name ?? `class-${id}`))),
    colors: ids.map((id) => (id === 0 ? '#000000' : (entry(id)?.color ?? '#808080'))),
  };
  const write = (path: string, content: string): void => {
    files.push({ path, bytes: owned(new TextEncoder().encode(content)) });
  };
  write(`MainPatient/all-${dataset}.txt`, lines.map((line) => `${line}\n`).join(''));
  write('MainPatient/class.json', `${JSON.stringify({ [dataset]: mostClass + 1 })}\n`);
  write('MainPatient/dataset.json', `${JSON.stringify({ [dataset]: described }, null, 2)}\n`);
  write(`${dataset}/images.csv`, `${facts.join('\n')}\n`);
  return files;
}

/** Of memory that is not shared, as downloads need it. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}

const quoted = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
