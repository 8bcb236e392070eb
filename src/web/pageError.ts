/**
 * Errors of the page and its workers: a code with details and no words. app/failureText.ts adds the words from
 * text/en.ts. Errors from other layers come with English messages.
 */
import { type Json, SamusError } from '../errors.js';
import type { FailureCode } from './text/en.js';

export function pageError(code: FailureCode, details: { readonly [key: string]: Json } = {}): SamusError {
  return new SamusError(code, code, '', details);
}
