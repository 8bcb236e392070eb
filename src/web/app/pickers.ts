/** Opens the browser's file choosers, with inputs that are created on demand and never added to the page. */
import { acceptedBy } from '../../formats/imageFormat.js';
import { pickFolder, takeFiles } from './filesIn.js';
import type { FoundFile } from './listing.js';
import { maskFormats } from './maskNames.js';
import { addMasks } from './masksIn.js';

/** Labels that are not images. */
const LABELS = ['.json', '.nii', '.gz', '.dcm'];

export function openFiles(): void {
  // DICOM files often have no extension, which a list of accepted ones would rule out.
  ask({ multiple: true }, (found) => void takeFiles(found, false));
}

export function openFolder(): void {
  void pickFolder(() => ask({ folder: true }, (found) => void takeFiles(found, true)));
}

export function openMasks(): void {
  ask(
    { multiple: true, accept: [...acceptedBy(maskFormats()), ...LABELS].join() },
    (found) => void addMasks(found, false),
  );
}

interface Question {
  readonly multiple?: boolean;
  readonly folder?: boolean;
  readonly accept?: string;
}

function ask({ multiple = false, folder = false, accept = '' }: Question, take: (found: FoundFile[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = multiple;
  input.webkitdirectory = folder;
  input.accept = accept;
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    if (files.length > 0) take(files.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
  });
  input.click();
}
