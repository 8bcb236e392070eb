/**
 * Errors that the page and its workers raise themselves: a code with its details and no words, which stand in text/en.ts
 * and are put in by app/failureText.ts. Errors of the library below come with English words of their own.
 */
import { type Json, SamusError } from '../errors.js';
import type { FailureCode } from './text/en.js';

export function pageError(code: FailureCode, details: { readonly [key: string]: Json } = {}): SamusError {
  return new SamusError(code, code, '', details);
}
