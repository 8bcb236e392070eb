/**
 * Why a file is not opened, in sentences that a person who knows no file formats understands. The page shows message
 * and hint as they are.
 */
import { type Json, SamusError } from '../../errors.js';

/** Most pixels and longest side, the command line's limits too: five times a scanner's largest export. */
export const MAX_PIXELS = 40e6;
export const MAX_SIDE = 32_767;

const SAVE_AS_PNG = 'Save the picture as PNG or JPEG and open that.';

export function tooLarge(width: number, height: number): SamusError {
  const millions = ((width * height) / 1e6).toFixed(width * height < 100e6 ? 1 : 0);
  const what = width * height > MAX_PIXELS ? `, ${millions} million in all` : '';
  return pictureError(
    'IMAGE_TOO_LARGE',
    `This picture has ${width} × ${height} pixels${what}; at most ${MAX_PIXELS / 1e6} million and ${MAX_SIDE} a side are opened here.`,
    'Cut it to the part that matters, or make it smaller.',
    { width, height, maxPixels: MAX_PIXELS, maxSide: MAX_SIDE },
  );
}

export function dicom(): SamusError {
  return pictureError(
    'IMAGE_DICOM',
    'This is a DICOM file, and this page opens ordinary pictures.',
    'Export the frame you need as PNG from your viewer and open that.',
  );
}

export function clip(): SamusError {
  return pictureError(
    'IMAGE_CLIP',
    'This is a clip, and this page opens single pictures.',
    'Pause the clip at the frame you need, save it as PNG and open that.',
  );
}

export function corrupt(reason: string): SamusError {
  return pictureError(
    'IMAGE_CORRUPT',
    'This picture is damaged or incomplete and cannot be opened.',
    'Copy or export it again.',
    { reason },
  );
}

export function empty(): SamusError {
  return pictureError('IMAGE_CORRUPT', 'This file is empty.', 'Copy or export it again.');
}

/** @param kind what the file is, if that is known: `a PDF document` */
export function unsupported(kind: string | undefined): SamusError {
  const message = kind
    ? `This is ${kind}, which this page does not open.`
    : 'This file is not a picture that can be opened here.';
  return pictureError('IMAGE_UNSUPPORTED', message, SAVE_AS_PNG);
}

export function unreadable(reason: string): SamusError {
  return pictureError(
    'IMAGE_UNREADABLE',
    'The browser could not read this file: it was moved, changed or is not allowed.',
    'Open it again.',
    { reason },
  );
}

function pictureError(
  code: string,
  message: string,
  hint: string,
  details: { readonly [key: string]: Json } = {},
): SamusError {
  return new SamusError('input', code, message, hint, details);
}
