/** What goes wrong between the page and its engines. The words for it stand in text/en.ts. */
import type { SamusError } from '../../errors.js';
import { pageError } from '../pageError.js';

/** A caller's mistake: images are encoded before they are segmented. */
export const imageUnknown = (key: string): SamusError => pageError('ENGINE_IMAGE_UNKNOWN', { key });

export const serverUnreachable = (reason: string): SamusError => pageError('SERVER_UNREACHABLE', { reason });

export const serverBusy = (): SamusError => pageError('SERVER_BUSY');

export const serverAnswer = (status: number): SamusError => pageError('SERVER_ANSWER', { status });

export const modelUnreachable = (name: string, reason: string): SamusError =>
  pageError('MODEL_UNREACHABLE', { name, reason });
