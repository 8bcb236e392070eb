/**
 * Studies for tests of `samus batch`: folders of small phantoms, and what a study must look like when it is complete.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { tinyModel } from '../support/tinyModel.js';
import { filesIn } from './samusProcess.js';

/** A model that answers in a millisecond, below the folder of a test. */
export const MODEL = 'tiny';

/** One prompt for all images. */
export const PROMPT = ['--point', '30,24', '--model', MODEL];

export function writeTinyModel(folder: string): Promise<unknown> {
  const { config, tensors } = tinyModel();
  return writeModelFolder(join(folder, MODEL), { config: JSON.stringify(config), tensors });
}

/** Phantoms of 64×48 pixels as files, by their names. */
export async function phantomFiles(count: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (let seed = 1; seed <= count; seed++) {
    files.set(
      `scan-${String(seed).padStart(3, '0')}.png`,
      await encodePng(makePhantom({ seed, width: 64, height: 48 }).image),
    );
  }
  return files;
}

export interface Line {
  readonly key: string;
  readonly image: string;
  readonly files?: readonly (readonly [path: string, bytes: number, sha256: string])[];
  readonly error?: { readonly code: string };
}

export function linesOf(study: string, name = 'journal.jsonl'): Line[] {
  return readFileSync(join(study, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line));
}

/** Every image of the plan has exactly one line in the journal, and exactly the files of that line. */
export function expectComplete(study: string, images: number): void {
  const [plan, journal] = [linesOf(study, 'plan.jsonl'), linesOf(study)];
  expect(plan).toHaveLength(images);
  expect(journal.map(({ key }) => key).sort()).toEqual(plan.map(({ key }) => key).sort());
  const files = journal.flatMap((line) => line.files ?? []);
  expect(files.map(([path]) => path).sort()).toEqual(filesIn(join(study, 'images')).map((path) => `images/${path}`));
  for (const [path, bytes, hash] of files) {
    const content = readFileSync(join(study, path));
    expect([path, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([path, bytes, hash]);
  }
  expect(filesIn(study).filter((path) => /tmp|temporary|lock/.test(path))).toEqual([]);
}

/** The contents of all files of the results, by their names. */
export function results(study: string): Record<string, string> {
  const names = filesIn(study).filter((path) => /^images\/|^coco|^measurements/.test(path));
  return Object.fromEntries(names.map((path) => [path, readFileSync(join(study, path), 'latin1')]));
}
