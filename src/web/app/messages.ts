/**
 * Messages to the user, shown in a live region. An unexpected error is reported as a defect and also goes to the
 * browser's console.
 */
import { SamusError } from '../../errors.js';
import { text } from '../text/en.js';
import { type FailureText, failureText } from './failureText.js';
import { type Message, message, summary, warning } from './state.js';

/** Long enough to read two sentences; errors stay until they are dismissed. */
const READING_MS = 8000;

export function say(what: string, hint = ''): void {
  const now = { tone: 'info', text: what, hint } as const;
  message.value = now;
  setTimeout(() => {
    if (message.peek() === now) message.value = null;
  }, READING_MS);
}

/** @param besides what is said as well, after what to do */
export function sayError(error: unknown, besides = ''): void {
  if (isAbort(error)) return;
  const { text: what, hint } = asMessage(error);
  message.value = { tone: 'error', text: what, hint: [hint, besides].filter(Boolean).join(' ') };
}

/** An error as two sentences for a person. */
export function asMessage(error: unknown): FailureText {
  if (error instanceof SamusError) return failureText(error);
  // The browser's console gets it too; the listener of start.ts hears it and says the same.
  reportError(error);
  return defect(error);
}

/** Says that something failed which nobody expected. */
export function sayDefect(error: unknown): void {
  message.value = { tone: 'error', ...defect(error) };
}

const defect = (error: unknown) => ({ text: text.errors.defect(String(error)), hint: text.errors.defectHint });

export function dismiss(): void {
  message.value = null;
}

/** Says what holds until further notice: it stays until it is dismissed, whatever else is said meanwhile. */
export function warn(what: string, hint: string): void {
  warning.value = { tone: 'error', text: what, hint };
}

/** Says what is no failure but holds for this visit, in the same place. */
export function note(what: string, hint: string): void {
  warning.value = { tone: 'info', text: what, hint };
}

/** Sums up files that were opened, with a button for what can be done about them. It goes once that is pressed. */
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

/** Work that was given up on purpose. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
