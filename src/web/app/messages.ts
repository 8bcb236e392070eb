/**
 * Messages to the user, shown in a live region. An unexpected error is reported as a defect and also goes to the
 * browser's console.
 */
import { SamusError } from '../../errors.js';
import { text } from '../text/en.js';
import { type FailureText, failureText } from './failureText.js';
import { type Message, message, summary, warning } from './state.js';

/** Time to read two sentences. Errors stay until they are dismissed. */
const READING_MS = 8000;

export function say(what: string, hint = ''): void {
  const now = { tone: 'info', text: what, hint } as const;
  message.value = now;
  setTimeout(() => {
    if (message.peek() === now) message.value = null;
  }, READING_MS);
}

/** @param besides further text after the hint */
export function sayError(error: unknown, besides = ''): void {
  if (isAbort(error)) return;
  const { text: what, hint } = asMessage(error);
  message.value = { tone: 'error', text: what, hint: [hint, besides].filter(Boolean).join(' ') };
}

/** Shows a problem other than an error of the last action; it stays until it is dismissed or replaced. */
export function sayProblem(what: string, hint: string): void {
  message.value = { tone: 'error', text: what, hint };
}

/** An error as a text and a hint. */
export function asMessage(error: unknown): FailureText {
  if (error instanceof SamusError) return failureText(error);
  // This also logs it to the console; the listener of start.ts then shows the same message.
  reportError(error);
  return defect(error);
}

/** Reports an unexpected failure. */
export function sayDefect(error: unknown): void {
  message.value = { tone: 'error', ...defect(error) };
}

const defect = (error: unknown) => ({ text: text.errors.defect(String(error)), hint: text.errors.defectHint });

export function dismiss(): void {
  message.value = null;
}

/** Shows a warning that stays until it is dismissed. */
export function warn(what: string, hint: string): void {
  warning.value = { tone: 'error', text: what, hint };
}

/** Shows a note in the place of warnings. */
export function note(what: string, hint: string): void {
  warning.value = { tone: 'info', text: what, hint };
}

/** Shows a summary of opened files, optionally with a button that also dismisses it. */
export function offer(what: string, hint: string, action?: Message['action']): void {
  const run = action && {
    label: action.label,
    run() {
      summary.value = null;
      action.run();
    },
  };
  summary.value = { tone: 'info', text: what, hint, ...(run && { action: run }) };
}

export function dismissSummary(): void {
  summary.value = null;
}

export function dismissWarning(): void {
  warning.value = null;
}

/** Whether work was cancelled on purpose. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
