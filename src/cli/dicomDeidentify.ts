/**
 * The work of `samus dicom deidentify`: finds the DICOM files of a folder by their content, writes a copy of each, and
 * keeps the contact sheets beside the copies. The key is in dicomKey.ts; what a copy holds is decided in formats/dicom/.
 */
import { stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { binaryMask } from '../data/publishedMasks.js';
import { type Json, SamusError } from '../errors.js';
import { csvLine } from '../formats/csv.js';
import { type Cleaned, cleanPixels } from '../formats/dicom/cleanPixels.js';
import { copyFolder, copyName } from '../formats/dicom/copyNames.js';
import { dicomLimit, textOf } from '../formats/dicom/dataSet.js';
import { contentKind, deidentify } from '../formats/dicom/deidentify.js';
import { type DicomFile, readDicomFile } from '../formats/dicom/dicomFile.js';
import { isDicom } from '../formats/dicom/dicomSource.js';
import { openFileSource } from '../formats/fileSource.node.js';
import { exists, filesBelow } from '../formats/fileSystem.node.js';
import { makeFolder, replaceFile } from '../formats/fileWrite.node.js';
import type { Image } from '../formats/image.js';
import { openImage, readImage } from '../formats/imageFile.node.js';
import { SNIFF_BYTES, sniffFormat } from '../formats/imageFormat.js';
import { writePng } from '../formats/imageWrite.node.js';
import { checkSameKey, keepKey, keyOf } from './dicomKey.js';
import { uninterrupted } from './interrupt.js';
import { isInside, outputCheck, writePrivate } from './output.js';
import { packageVersion } from './packageInfo.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface DeidentifyOptions {
  readonly out: string;
  /** Created if missing. */
  readonly key?: string;
  readonly cleanPixels?: boolean;
  readonly mask?: string;
  readonly iHaveLooked?: boolean;
  /** Keeps names of files and folders, whatever they say. */
  readonly keepNames?: boolean;
  /** A table of the originals of the copies. */
  readonly map?: string;
  readonly json?: boolean;
}

/** What all files of a run share. */
interface Run {
  readonly options: DeidentifyOptions;
  readonly key: Uint8Array;
  /** Before the first copy that depends on it. */
  readonly keepKey: () => Promise<void>;
  readonly mask: Image | undefined;
  readonly sheets: string;
  /** The folder of the copies. */
  readonly base: string;
  /** Paths that are taken. */
  readonly written: Set<string>;
}

interface Copy {
  readonly input: string;
  readonly output: string;
  readonly sheet?: string;
  readonly mayShowText: boolean;
}

/** Most bytes of a file. */
const MOST_BYTES = 2 ** 31 - 1;
/** The list of files on a disc: its names and numbers are all there is in it. */
const DICOMDIR = '1.2.840.10008.1.3.10';

/**
 * Writes copies without what identifies a person. A file that fails does not stop the others.
 * @throws SamusError of a file that is the only one, of the key, the mask and the output
 */
export async function deidentifyAll(input: string, options: DeidentifyOptions): Promise<Outcome> {
  const { out, iHaveLooked = false, mask } = options;
  const folder = (await stat(input).catch(() => undefined))?.isDirectory() ?? false;
  const files = folder ? await filesBelow(input) : [input];
  const single = !folder && extname(out) !== '' && !(await isFolder(out));
  if (folder) checkApart(input, out);
  else if (!single && resolve(dirname(input)) === resolve(out)) throw wouldMix(dirname(input), out);
  const place = out.replace(/[/\\]+$/, '');
  const keyFile = options.key ?? `${place}.key`;
  const sheets = single ? join(dirname(out), `${basename(out, extname(out))}.sheets`) : `${place}.sheets`;
  const picture = mask === undefined ? undefined : await openMask(mask);
  const base = single ? dirname(out) : out;
  const key = await keyOf(keyFile);
  if (!single) await checkSameKey(out, keyFile, key);
  let kept: Promise<void> | undefined;
  const keep = () => {
    kept ??= keepKey(keyFile, key);
    return kept;
  };
  const run: Run = { options, key: key.bytes, keepKey: keep, mask: picture, sheets, base, written: new Set() };
  const check = await outputCheck([...files, keyFile, ...(mask === undefined ? [] : [mask])]);
  if (options.map !== undefined) await check([options.map]);
  if (!single) warnOfSecrets(out, options);
  const progress = new Progress('copying', files.length);
  const copies: Copy[] = [];
  const failed: { readonly input: string; readonly error: SamusError }[] = [];
  const skipped: string[] = [];
  try {
    for (const [i, path] of files.entries()) {
      progress.update(i);
      try {
        const file = folder && !(await isDicomFile(path)) ? undefined : await readFileWhole(path);
        if (!file || textOf(file.meta, 0x0002_0002) === DICOMDIR) skipped.push(path);
        else {
          const target = single ? out : join(out, placeOf(folder ? relative(input, path) : basename(path), file, run));
          await check([target]);
          copies.push(await copyOf(path, file, freePlace(target, run), run));
        }
      } catch (error) {
        if (!(error instanceof SamusError) || endsAll(error) || !folder) throw error;
        failed.push({ input: path, error });
      }
    }
  } finally {
    progress.end();
  }
  if (folder && copies.length + failed.length === 0) {
    throw new SamusError('IMAGES_MISSING', `expected DICOM files in ${input}, got none`, 'name another folder');
  }
  const hasKey = !key.isNew || copies.length > 0;
  if (options.map !== undefined && copies.length > 0) await writePrivate(options.map, mapOf(copies));
  const showing = copies.filter(({ mayShowText }) => mayShowText).length;
  const document = {
    files: copies.map(({ input: from, output, sheet }) => ({ input: from, output, ...(sheet && { sheet }) })),
    failed: failed.map(({ input: from, error }) => ({ input: from, ...error.toJSON() })),
    skipped,
    key: hasKey ? keyFile : null,
    ...(options.map !== undefined && copies.length > 0 && { map: options.map }),
    may_show_text: showing,
  } satisfies Json;
  const lines = [
    ...failed.map(({ input: from, error }) => `${from}: error: ${error.message} (${error.hint})`),
    `${copies.length} file(s) in ${out}${skipped.length > 0 ? `, ${skipped.length} other file(s) left out` : ''}`,
    ...(hasKey ? [`keep ${keyFile} secret: it links the copies to the originals`] : []),
    ...(options.map !== undefined && copies.length > 0 ? [`keep ${options.map} secret: it names the originals`] : []),
    ...(showing === 0 ? [] : [advice(showing, options, sheets)]),
    ...(iHaveLooked ? ['nothing looks for text in pixels: the copies say that you have'] : []),
  ];
  return { document, lines, exitCode: failed.length > 0 ? 1 : 0 };
}

/** What the other files would fail with, too. */
const endsAll = ({ code, kind }: SamusError): boolean => kind === 'machine' || code === 'FILE_UNWRITABLE';

const mapOf = (copies: readonly Copy[]): string =>
  ['file,copy', ...copies.map(({ input, output }) => csvLine([input, output]))].map((line) => `${line}\n`).join('');

/** Files that undo the work must not be passed on with the copies. */
function warnOfSecrets(folder: string, { key, map }: DeidentifyOptions): void {
  for (const [option, path] of Object.entries({ key, map })) {
    if (path === undefined || !isInside(path, folder)) continue;
    warn(`the file of --${option} is in the folder of the copies: do not pass it on with them`);
  }
}

function advice(count: number, { cleanPixels: cleaned = false }: DeidentifyOptions, sheets: string): string {
  const start = `${count} file(s) may show text in their pixels and say so`;
  return cleaned
    ? `${start}: look at the pictures in ${sheets}, then run the command again with --i-have-looked`
    : `${start}: --clean-pixels blacks out everything outside the regions`;
}

async function copyOf(path: string, file: DicomFile, output: string, run: Run): Promise<Copy> {
  const { options, key, sheets } = run;
  const cleaned = options.cleanPixels && contentKind(file) === 'image' ? await clean(path, run) : undefined;
  const sheet = cleaned && join(sheets, `${relative(run.base, output).replaceAll(sep, '_')}.png`);
  if (cleaned && sheet !== undefined) await showSheet(cleaned, sheet, options.iHaveLooked ?? false);
  const { bytes, mayShowText } = deidentify(file, {
    key,
    version: packageVersion(),
    ...(options.cleanPixels && { clean: { looked: options.iHaveLooked ?? false } }),
    ...(cleaned && { pixels: cleaned }),
  });
  await run.keepKey();
  await makeFolder(dirname(output));
  await uninterrupted(() => replaceFile(output, (temporary) => writeFile(temporary, bytes, { flag: 'wx' })));
  return { input: path, output, ...(sheet !== undefined && { sheet }), mayShowText };
}

async function clean(path: string, { mask }: Run): Promise<Cleaned> {
  const source = await openImage(path);
  if (!isDicom(source)) throw new Error('the format was checked');
  return cleanPixels(source, mask);
}

/**
 * Writes a contact sheet, or checks that the one which a person has seen shows these pixels.
 * @throws SamusError DICOM_BURNED_IN
 */
async function showSheet({ sheet }: Cleaned, path: string, looked: boolean): Promise<void> {
  if (!looked) {
    await makeFolder(dirname(path));
    await uninterrupted(() => writePng(path, sheet));
    return;
  }
  const seen = (await exists(path)) ? await readImage(path) : undefined;
  if (seen && seen.width === sheet.width && Buffer.from(seen.data).equals(sheet.data)) return;
  throw new SamusError(
    'DICOM_BURNED_IN',
    `expected a contact sheet of these pixels at ${path}, got ${seen ? 'another picture' : 'none'}`,
    'run the command without --i-have-looked, and look at the contact sheets that it writes',
    { sheet: path },
  );
}

/** The place of a copy in the folder of copies. Nothing of the old names is in it unless the user wants them. */
function placeOf(path: string, file: DicomFile, { options, key }: Run): string {
  if (options.keepNames) return path;
  const folders = path.split(sep).slice(0, -1);
  return join(...copyFolder(folders, key), `${copyName(file, key)}${ENDINGS[contentKind(file)]}`);
}

const ENDINGS = { image: '.dcm', segmentation: '.seg.dcm', report: '.sr.dcm' } as const;

function freePlace(path: string, { written }: Run): string {
  const ending = extname(path);
  let free = path;
  for (let n = 2; written.has(free); n++) free = `${path.slice(0, path.length - ending.length)}-${n}${ending}`;
  written.add(free);
  return free;
}

/** @throws SamusError OUTPUT_IS_INPUT for folders that contain each other */
function checkApart(input: string, out: string): void {
  if (!isInside(out, input) && !isInside(input, out)) return;
  throw wouldMix(input, out);
}

function wouldMix(input: string, out: string): SamusError {
  const message = `the copies in ${out} would mix with the files of ${input}`;
  return new SamusError('OUTPUT_IS_INPUT', message, 'choose a folder elsewhere', { path: out });
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

async function isDicomFile(path: string): Promise<boolean> {
  const source = await openFileSource(path);
  try {
    const head = await source.read(0, Math.min(SNIFF_BYTES, source.size));
    return sniffFormat(head)?.id === 'dicom';
  } finally {
    await source.close();
  }
}

/** @throws SamusError DICOM_LIMIT, IMAGE_FORMAT, and as openFileSource and readDicomFile */
async function readFileWhole(path: string): Promise<DicomFile> {
  const source = await openFileSource(path);
  try {
    if (source.size > MOST_BYTES) throw dicomLimit(`expected at most ${MOST_BYTES} bytes, got ${source.size}`);
    const bytes = await source.read(0, source.size);
    if (sniffFormat(bytes.subarray(0, SNIFF_BYTES))?.id === 'dicom')
      return await readDicomFile(bytes, { wholeFrames: true });
    const message = `expected a DICOM file, but ${path} is of another type`;
    throw new SamusError('IMAGE_FORMAT', message, 'name a DICOM file', { image: path });
  } finally {
    await source.close();
  }
}

async function openMask(path: string): Promise<Image> {
  const source = await openImage(path);
  return binaryMask(await source.read(1, 'mask'), source.lossy, path);
}
