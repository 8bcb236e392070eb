/** What goes wrong between the page and its engines, in sentences that the page shows as they are. */
import { SamusError } from '../../errors.js';

/** A caller's mistake: images are encoded before they are segmented. */
export function imageUnknown(key: string): SamusError {
  return new SamusError(
    'usage',
    'ENGINE_IMAGE_UNKNOWN',
    'the image was expected to be encoded, but it was not, or too many others were since',
    'encode the image again',
    { key },
  );
}

export function serverUnreachable(reason: string): SamusError {
  return new SamusError(
    'machine',
    'SERVER_UNREACHABLE',
    'The server does not answer.',
    'Check that it still runs, or switch to working in the browser.',
    { reason },
  );
}

export function serverBusy(): SamusError {
  return new SamusError(
    'machine',
    'SERVER_BUSY',
    'The server has more to do than it can take.',
    'Try again in a moment, or switch to working in the browser.',
  );
}

export function serverAnswer(status: number): SamusError {
  return new SamusError(
    'failure',
    'SERVER_ANSWER',
    `The server gave an answer that was not understood (status ${status}).`,
    'Reload the page; its version and the server’s may differ.',
    { status },
  );
}

export function modelUnreachable(name: string, reason: string): SamusError {
  return new SamusError(
    'machine',
    'MODEL_UNREACHABLE',
    `The model ${name} could not be loaded.`,
    'Check the connection to the server and reload the page.',
    { name, reason },
  );
}
