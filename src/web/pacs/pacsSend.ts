/**
 * "Send to PACS": writes the masks of the open image as DICOM objects and has the server store them. What could not be
 * stored is kept and sent again with the same UIDs, so no attempt makes a second object.
 */
import { signal } from '@preact/signals';
import { filesOfOpen } from '../app/exportsRun.js';
import { asMessage, isAbort, say } from '../app/messages.js';
import { dialog, document } from '../app/state.js';
import type { ImageDocument } from '../document/types.js';
import type { DicomExportFormat, OutputFile } from '../exports/exportContract.js';
import { text } from '../text/en.js';
import { storeInstance } from './pacsServer.js';

export interface SendChoice {
  readonly seg: boolean;
  /** With the segmentation that it refers to. */
  readonly sr: boolean;
  readonly sc: boolean;
}

export const sendChoice = signal<SendChoice>({ seg: true, sr: false, sc: false });
/** What is under way. */
export const sending = signal<{ readonly done: number; readonly total: number } | null>(null);
export const sendFailure = signal<{ readonly text: string; readonly hint: string } | null>(null);

/** Files that were written and are not stored yet, and of which work. */
interface Unsent {
  readonly formats: string;
  readonly work: ImageDocument | null;
  readonly files: readonly OutputFile[];
}

let unsent: Unsent | null = null;
let running: AbortController | null = null;

export async function sendToPacs(): Promise<void> {
  if (sending.peek()) return;
  const own = new AbortController();
  running = own;
  sending.value = { done: 0, total: 0 };
  sendFailure.value = null;
  try {
    const formats = formatsOf(sendChoice.peek());
    const now = { formats: formats.join(), work: document.peek() };
    const same = unsent?.formats === now.formats && unsent.work === now.work;
    const files = unsent && same ? unsent.files : await writeFiles(formats);
    for (const [done, file] of files.entries()) {
      sending.value = { done, total: files.length };
      unsent = { ...now, files: files.slice(done) };
      await storeInstance(file.bytes, own.signal);
    }
    unsent = null;
    if (running === own) dialog.value = null;
    say(text.send.done(files.length));
  } catch (error) {
    if (!isAbort(error)) sendFailure.value = asMessage(error);
  } finally {
    if (running === own) sending.value = null;
  }
}

/** Ends what is under way. */
export function stopSending(): void {
  running?.abort(new DOMException('', 'AbortError'));
  sendFailure.value = null;
}

function formatsOf({ seg, sr, sc }: SendChoice): DicomExportFormat[] {
  return [...(sr ? (['dcmsr'] as const) : seg ? (['dcmseg'] as const) : []), ...(sc ? (['dcmsc'] as const) : [])];
}

async function writeFiles(formats: readonly DicomExportFormat[]): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  for (const format of formats) files.push(...(await filesOfOpen(format)));
  return files;
}
