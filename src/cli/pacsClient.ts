/**
 * What the commands of `samus pacs` share: the client of the PACS, what it lists without a valid UID, and which errors end
 * a command.
 */
import type { SamusError } from '../errors.js';
import { type DicomWeb, dicomWeb } from '../formats/dicomweb/dicomWeb.js';
import { readPacsAuth } from '../formats/dicomweb/pacsAuth.node.js';
import type { PacsLevel } from '../formats/dicomweb/pacsRequest.js';
import { warn } from './run.js';

export interface PacsOptions {
  readonly url: string;
  readonly auth?: string;
  readonly json?: boolean;
}

/** A client of the PACS that the options name. @throws SamusError PACS_AUTH_FILE, PACS_URL */
export async function openPacs({ url, auth }: PacsOptions, unusable?: Unusable): Promise<DicomWeb> {
  const authorization = auth === undefined ? undefined : await readPacsAuth(auth);
  const pacs = dicomWeb(url, {
    ...(authorization !== undefined && { authorization }),
    ...(unusable && { onUnusable: (kind, count) => unusable.add(kind, count) }),
  });
  const warning = unencryptedWarning(url);
  if (warning !== undefined) warn(warning);
  return pacs;
}

/** Entries that the PACS lists without a valid UID. */
export class Unusable {
  readonly #counts = { studies: 0, series: 0, instances: 0 };

  add(kind: PacsLevel, count: number): void {
    this.#counts[kind] += count;
  }

  get lines(): string[] {
    return Object.entries(this.#counts).flatMap(([kind, count]) =>
      count === 0 ? [] : [`${count} of the ${kind} left out: the PACS lists them without a valid UID`],
    );
  }

  get json(): { readonly [kind: string]: number } {
    return Object.fromEntries(Object.entries(this.#counts).filter(([, count]) => count > 0));
  }
}

/** A warning for a way on which others can read along. @param url a valid one */
export function unencryptedWarning(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)) return undefined;
  return 'the data of patients and the token for the PACS are not encrypted on the way: use an https URL';
}

/** Whether an error stops all files that follow, too. */
export function endsAll({ code }: SamusError): boolean {
  return ['PACS_BUSY', 'PACS_DENIED', 'PACS_REDIRECT', 'PACS_UNREACHABLE', 'DISK_FULL', 'FILE_UNWRITABLE'].includes(
    code,
  );
}
