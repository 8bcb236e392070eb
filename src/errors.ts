/**
 * The one error type of the project: what a caller, a terminal or an HTTP client can act on.
 *
 * An error that a user can cause has a stable code, a message of the form "expected X, got Y", and a hint.
 * Anything else that is thrown is a bug, and keeps its stack trace.
 */

import { ERRORS, type ErrorCode, type ErrorKind } from './errorCodes.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const EXIT_CODES: Record<ErrorKind, number> = { failure: 1, usage: 2, input: 3, machine: 4, interrupted: 130 };

/** Names for a message, the first few of many. */
export function listed(names: readonly string[], most = 3): string {
  const rest = names.length - most;
  return names.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

export class SamusError extends Error {
  override readonly name = 'SamusError';

  /**
   * @param code one of the catalogue in errorCodes.ts, which also says who has to act
   * @param message one sentence: "Expected …, got …"
   * @param hint one sentence: what to do
   * @param details values a program may want, never pixels or names of people
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    readonly details: { readonly [key: string]: Json } = {},
  ) {
    super(message);
  }

  /** Who has to act. */
  get kind(): ErrorKind {
    return ERRORS[this.code].kind;
  }

  /** The exit code of a command that ends with this kind of error. */
  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }

  /** The form in which every interface of the project reports an error. */
  toJSON(): { error: { code: string; message: string; hint: string; details: { readonly [key: string]: Json } } } {
    return { error: { code: this.code, message: this.message, hint: this.hint, details: this.details } };
  }
}
