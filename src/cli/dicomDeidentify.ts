/**
 * The work of `samus dicom deidentify`: finds the DICOM files of a folder by their content, writes a copy of each, and
 * keeps the key and the contact sheets beside the copies. What a copy holds is decided in formats/dicom/.
 */
import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { binaryMask } from '../data/publishedMasks.js';
import { type Json, SamusError } from '../errors.js';
import { type Cleaned, cleanPixels } from '../formats/dicom/cleanPixels.js';
import { dicomLimit, textOf } from '../formats/dicom/dataSet.js';
import { deidentify, holdsImage } from '../formats/dicom/deidentify.js';
import { type DicomFile, readDicomFile } from '../formats/dicom/dicomFile.js';
import { isDicom } from '../formats/dicom/dicomSource.js';
import { namesIdentity } from '../formats/dicom/identities.js';
import { Pseudonyms } from '../formats/dicom/pseudonyms.js';
import { openFileSource } from '../formats/fileSource.node.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder, replaceFile } from '../formats/fileWrite.node.js';
import type { Image } from '../formats/image.js';
import { openImage, readImage } from '../formats/imageFile.node.js';
import { SNIFF_BYTES, sniffFormat } from '../formats/imageFormat.js';
import { writePng } from '../formats/imageWrite.node.js';
import { whole } from './interrupt.js';
import { outputCheck } from './output.js';
import { packageVersion } from './packageInfo.js';
import { Progress } from './progress.js';
import type { Outcome } from './run.js';

export interface DeidentifyOptions {
  readonly out: string;
  /** Made if it is not there. */
  readonly key?: string;
  readonly cleanPixels?: boolean;
  readonly mask?: string;
  readonly iHaveLooked?: boolean;
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
  const place = out.replace(/[/\\]+$/, '');
  const keyFile = options.key ?? `${place}.key`;
  const sheets = single ? join(dirname(out), `${basename(out, extname(out))}.sheets`) : `${place}.sheets`;
  const picture = mask === undefined ? undefined : await openMask(mask);
  const base = single ? dirname(out) : out;
  const key = await keyOf(keyFile);
  let kept: Promise<void> | undefined;
  const keep = () => {
    kept ??= keepKey(keyFile, key);
    return kept;
  };
  const run: Run = { options, key: key.bytes, keepKey: keep, mask: picture, sheets, base, written: new Set() };
  const check = await outputCheck([...files, keyFile, ...(mask === undefined ? [] : [mask])]);
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
          const target = single
            ? out
            : join(out, safePlace(folder ? relative(input, path) : basename(path), file, run));
          await check([target]);
          copies.push(await copyOf(path, file, freePlace(target, run), run));
        }
      } catch (error) {
        if (!(error instanceof SamusError) || error.kind === 'machine' || !folder) throw error;
        failed.push({ input: path, error });
      }
    }
  } finally {
    progress.end();
  }
  if (folder && copies.length + failed.length === 0) {
    throw new SamusError('IMAGES_MISSING', `expected DICOM files in ${input}, got none`, 'name another folder');
  }
  const showing = copies.filter(({ mayShowText }) => mayShowText).length;
  const document = {
    files: copies.map(({ input: from, output, sheet }) => ({ input: from, output, ...(sheet && { sheet }) })),
    failed: failed.map(({ input: from, error }) => ({ input: from, ...error.toJSON() })),
    skipped,
    key: keyFile,
    may_show_text: showing,
  } satisfies Json;
  const lines = [
    ...failed.map(({ input: from, error }) => `${from}: error: ${error.message} (${error.hint})`),
    `${copies.length} file(s) in ${out}${skipped.length > 0 ? `, ${skipped.length} other file(s) left out` : ''}`,
    `keep ${keyFile} secret: it links the copies to the originals`,
    ...(showing === 0 ? [] : [advice(showing, options, sheets)]),
    ...(iHaveLooked ? ['nothing looks for text in pixels: the copies say that you have'] : []),
  ];
  return { document, lines, exitCode: failed.length > 0 ? 1 : 0 };
}

function advice(count: number, { cleanPixels: cleaned = false }: DeidentifyOptions, sheets: string): string {
  const start = `${count} file(s) may show text in their pixels and say so`;
  return cleaned
    ? `${start}: look at the pictures in ${sheets}, then run the command again with --i-have-looked`
    : `${start}: --clean-pixels blackens what is outside of the regions`;
}

async function copyOf(path: string, file: DicomFile, output: string, run: Run): Promise<Copy> {
  const { options, key, sheets } = run;
  const cleaned = options.cleanPixels && holdsImage(file) ? await clean(path, run) : undefined;
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
  await whole(() => replaceFile(output, (temporary) => writeFile(temporary, bytes, { flag: 'wx' })));
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
    await whole(() => writePng(path, sheet));
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

/** The relative path of a copy. Parts that hold a name, number, date or UID of the file are replaced. */
function safePlace(path: string, file: DicomFile, { key }: Run): string {
  const parts = path.split(sep).map((part, i, all) => {
    if (!namesIdentity(part, file)) return part;
    const ending = i === all.length - 1 ? (/\.dcm$/i.exec(part)?.[0] ?? '') : '';
    return `${new Pseudonyms(key).name('path', part)}${ending}`;
  });
  return join(...parts);
}

function freePlace(path: string, { written }: Run): string {
  const ending = extname(path);
  let free = path;
  for (let n = 2; written.has(free); n++) free = `${path.slice(0, path.length - ending.length)}-${n}${ending}`;
  written.add(free);
  return free;
}

/** @throws SamusError OUTPUT_IS_INPUT for folders that contain each other */
function checkApart(input: string, out: string): void {
  const inside = (path: string, folder: string): boolean =>
    `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);
  if (!inside(out, input) && !inside(input, out)) return;
  const message = `the copies in ${out} would mix with the files of ${input}`;
  throw new SamusError('OUTPUT_IS_INPUT', message, 'choose a folder elsewhere', { path: out });
}

/** Files of a folder and those below it, without links. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
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

const KEY_BYTES = 32;

/** A key, and whether it has to be kept yet. */
interface Key {
  readonly bytes: Uint8Array;
  readonly isNew: boolean;
}

/** The key in a file, or a new one. @throws SamusError DICOM_KEY */
async function keyOf(path: string): Promise<Key> {
  if (!(await exists(path))) return { bytes: randomBytes(KEY_BYTES), isNew: true };
  const text = (await readFile(path, 'utf8')).trim();
  if (new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`, 'i').test(text)) {
    return { bytes: Buffer.from(text, 'hex'), isNew: false };
  }
  const message = `expected ${2 * KEY_BYTES} hexadecimal digits in ${path}, got another text`;
  throw new SamusError('DICOM_KEY', message, 'name another file; one that is not there is made', { path });
}

/** Keeps a new key, readable for its owner only. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
async function keepKey(path: string, { bytes, isNew }: Key): Promise<void> {
  if (!isNew) return;
  await makeFolder(dirname(path));
  const text = `${Buffer.from(bytes).toString('hex')}\n`;
  await whole(() =>
    replaceFile(path, async (temporary) => {
      await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
      await chmod(temporary, 0o600);
    }),
  );
}
