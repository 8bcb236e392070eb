/**
 * The error of every reader of checkpoints: bad input, with a hint that fits most cases. Which code means what stands
 * with the function that throws it.
 */
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';

const AGAIN = 'the file is damaged or was made to look like a checkpoint: download or save it again';

/** An error of kind `input`; `hint` only where there is better advice than to get the file again. */
export function checkpointError(
  code: ErrorCode,
  message: string,
  hint: string = AGAIN,
  details: { readonly [key: string]: Json } = {},
): SamusError {
  return new SamusError(code, message, hint, details);
}

/** A name from a file for use in messages: quoted, with control characters escaped, of limited length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}
