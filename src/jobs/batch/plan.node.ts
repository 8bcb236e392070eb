/**
 * The plan of a study: a file with one line of JSON for each image, in the order of the inputs. It is written anew when a
 * study is continued, so that new and changed images are found; names of results stay.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { SamusError } from '../../errors.js';
import { exists, storedPath } from '../../formats/fileSystem.node.js';
import { writeError } from '../../formats/fileWrite.node.js';
import { sameName, stemInFolder } from '../../formats/outputNames.js';
import { unpackedEntry } from '../../formats/zipFile.node.js';
import type { JobObject } from '../segmentJob.js';
import { type InputImage, inputImages } from './inputs.node.js';
import { fileHash, type ItemState } from './journal.node.js';
import type { AskedFrame, PlannedItem, StoredError } from './study.js';
import { STUDY_FILES, sha256 } from './studyFolder.node.js';
import { withUnpacked } from './unpackedImage.node.js';

/** An image as its prompts need to know it. */
interface AskedImage {
  /** Name in lists. */
  readonly image: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly content: string;
  /** Runs `use` with the path of the file; an image in an archive is unpacked for it. */
  readonly open: <T>(use: (file: string) => Promise<T>) => Promise<T>;
}

/** The prompts of an image; undefined for those of the settings. @throws SamusError the problem of the image */
export type PromptsOf = (image: AskedImage) => Promise<readonly AskedFrame[] | undefined>;

export interface PlanRequest {
  readonly folder: string;
  readonly inputs: readonly string[];
  readonly promptsOf: PromptsOf;
  /** Of the images in the journal, by key. */
  readonly states: ReadonlyMap<string, ItemState>;
  /** How the plan names the file of an image; by default as found. @throws SamusError for a file that it may not name */
  readonly nameOf?: (file: string) => Promise<string>;
  readonly progress?: (images: number) => void;
}

/** What is in the plan. */
export interface Plan {
  readonly images: number;
  /** Of each image in its order: 0 to do, 1 done, 2 failed. */
  readonly states: Uint8Array;
  /** Images in folders and archives that a prompts file does not name; they are left out. */
  readonly unprompted: number;
  /** DICOM objects without an image; they are left out. */
  readonly noImages: number;
}

const TO_DO = 0;
export const DONE = 1;
export const FAILED = 2;

/** Lines that are written at a time. */
const LINES_TOGETHER = 500;

/** Writes the plan. @throws SamusError IMAGES_MISSING, FILE_UNWRITABLE, DISK_FULL */
export async function writePlan(request: PlanRequest): Promise<Plan> {
  const { folder, inputs, states: known, progress = () => undefined } = request;
  const path = join(folder, STUDY_FILES.plan);
  const temporary = join(folder, STUDY_FILES.temporary);
  const names = await takenNames(folder);
  const listed = new Set<string>();
  let states = new Uint8Array(1024);
  let [images, unprompted, noImages] = [0, 0, 0];
  await writeLines(path, async (write) => {
    const scan = { leftOut: new Set([resolve(folder)]), temporary, noImage: () => noImages++ };
    for await (const found of inputImages(inputs, scan)) {
      const name = shortHash(found.image);
      // An image that is named twice, or named and in a folder.
      if (listed.has(name)) continue;
      listed.add(name);
      const item = await planned(found, names.take(stemOf(found.place), name), temporary, request);
      if (!found.named && item.problem?.code === 'PROMPTS_NO_IMAGE') {
        unprompted++;
        continue;
      }
      const state = known.get(item.key);
      if (images === states.length) {
        const more = new Uint8Array(2 * images);
        more.set(states);
        states = more;
      }
      states[images++] = state === 'done' ? DONE : state === 'failed' ? FAILED : TO_DO;
      await write(item);
      progress(images);
    }
  });
  return { images, states: states.slice(0, images), unprompted, noImages };
}

/** Where a line is in the plan, in bytes. */
export interface PlanPlace {
  readonly offset: number;
  readonly length: number;
}

/** The images of a plan in their order. */
export async function* plannedItems(folder: string): AsyncGenerator<PlannedItem> {
  for await (const { item } of plannedLines(folder)) yield item;
}

/** The same with their places. */
export async function* plannedLines(
  folder: string,
): AsyncGenerator<{ readonly item: PlannedItem; readonly place: PlanPlace }> {
  const path = join(folder, STUDY_FILES.plan);
  if (!(await exists(path))) return;
  let offset = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const item: PlannedItem = JSON.parse(line);
    const length = Buffer.byteLength(line);
    yield { item, place: { offset, length } };
    offset += length + 1;
  }
}

async function planned(
  { image, file, entry, problem }: InputImage,
  base: string,
  temporary: string,
  { promptsOf, nameOf = async (path) => path }: PlanRequest,
): Promise<PlannedItem> {
  const named = { image, file: await nameOf(file), ...(entry && { entry }), base };
  const failed = (error: unknown, content: string): PlannedItem => {
    if (!(error instanceof SamusError) || error.kind === 'machine') throw error;
    return { key: keyOf(image, content, base), ...named, content, problem: storedError(error) };
  };
  if (problem) return failed(problem, '');
  let content = '';
  try {
    const bytes = entry && (await unpackedEntry(file, entry));
    content = bytes ? sha256(bytes) : await contentOf(file);
    const asked = await promptsOf({
      image,
      content,
      open: (use) => (bytes && entry ? withUnpacked({ path: file, entry, bytes }, temporary, use) : use(file)),
    });
    const key = keyOf(image, content, base, asked);
    return { key, ...named, content, ...(asked && { asked: await withMaskNames(asked, nameOf) }) };
  } catch (error) {
    return failed(error, content);
  }
}

/** Prompts whose mask files have other names. */
export function withMaskNames(
  asked: readonly AskedFrame[],
  nameOf: (path: string) => Promise<string>,
): Promise<AskedFrame[]> {
  const renamed = async (object: JobObject): Promise<JobObject> =>
    object.guess?.path === undefined
      ? object
      : { ...object, guess: { ...object.guess, path: await nameOf(object.guess.path) } };
  return Promise.all(asked.map(async (one) => ({ ...one, objects: await Promise.all(one.objects.map(renamed)) })));
}

const keyOf = (...parts: readonly unknown[]): string => sha256(JSON.stringify(parts)).slice(0, 32);

/** @throws SamusError IMAGE_NOT_FOUND, IMAGE_UNREADABLE */
async function contentOf(file: string): Promise<string> {
  try {
    return (await fileHash(await storedPath(file))) ?? '';
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      throw new SamusError('IMAGE_NOT_FOUND', `cannot find ${file}`, 'check the path', { path: file });
    }
    const message = `cannot read ${file} as an image: ${reason}`;
    throw new SamusError('IMAGE_UNREADABLE', message, 'check the path and its permissions', { path: file, reason });
  }
}

/** Why an image failed, whatever was thrown; INTERNAL for a bug. @param file what the file system could not use */
export function imageError(file: string, thrown: unknown): SamusError {
  const error = writeError(file, thrown);
  if (error instanceof SamusError) return error;
  const message = `unexpected error: ${error instanceof Error ? error.message : String(error)}`;
  return new SamusError('INTERNAL', message, 'report it together with the command');
}

export function storedError({ code, message, hint, details }: SamusError): StoredError {
  return { code, message, hint, ...(Object.keys(details).length > 0 && { details }) };
}

/**
 * The path prefix of an image's results. Its last part has no dot: all names of its files begin with the prefix and a
 * dot, so files of two images never have the same name.
 */
function stemOf(place: string): string {
  const parts = stemInFolder(place).split('/');
  return [...parts.slice(0, -1), parts.at(-1)!.replaceAll('.', '_')].join('/');
}

/** Enough to distinguish the images of a study, in little memory. */
const shortHash = (text: string): string => Buffer.from(sha256(text), 'hex').subarray(0, 12).toString('latin1');

/** The names of results, each taken by one image. */
class Names {
  readonly #owners = new Map<string, string>();

  own(name: string, owner: string): void {
    this.#owners.set(shortHash(sameName(name)), owner);
  }

  /** The name, with a number if another image has it. */
  take(stem: string, owner: string): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? stem : `${stem}-${n}`;
      const taken = this.#owners.get(shortHash(sameName(name)));
      if (taken !== undefined && taken !== owner) continue;
      this.own(name, owner);
      return name;
    }
  }
}

/** Those of the plan of an earlier run. */
async function takenNames(folder: string): Promise<Names> {
  const names = new Names();
  for await (const { image, base } of plannedItems(folder)) names.own(base, shortHash(image));
  return names;
}

/** Replaces a file by lines of JSON. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
async function writeLines(path: string, fill: (write: (line: unknown) => Promise<void>) => Promise<void>) {
  const temporary = `${path}.tmp`;
  let file: FileHandle | undefined;
  let waiting: string[] = [];
  const flush = async (): Promise<void> => {
    const text = waiting.join('');
    waiting = [];
    await file?.appendFile(text).catch((error: unknown) => {
      throw writeError(path, error);
    });
  };
  try {
    file = await open(temporary, 'w');
    await fill(async (line) => {
      waiting.push(`${JSON.stringify(line)}\n`);
      if (waiting.length >= LINES_TOGETHER) await flush();
    });
    await flush();
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await file?.close();
  }
  await rename(temporary, path);
}
