/**
 * Errors of talking to a PACS. None repeats an address, a UID or what the PACS says: these identify patients.
 */
import { SamusError } from '../../errors.js';

/** An answer that does not follow DICOMweb. */
export function pacsAnswer(message: string, status?: number): SamusError {
  const hint = 'check that the URL is that of a DICOMweb service, such as http://HOST:8042/dicom-web';
  return new SamusError('PACS_ANSWER', message, hint, status === undefined ? {} : { status });
}

/** The error for a status that is no success, whatever was asked. */
export function statusError(status: number): SamusError {
  const details = { status };
  if (status === 401 || status === 403) {
    const message = `the PACS denies access (status ${status})`;
    return new SamusError('PACS_DENIED', message, 'name a file with a valid token or user:password', details);
  }
  if (status === 404 || status === 410) {
    const message = `expected something at this address of the PACS, got status ${status}`;
    return new SamusError('PACS_NOT_FOUND', message, 'check the URL and the UID', details);
  }
  if (status === 429 || status === 503) {
    return new SamusError('PACS_BUSY', `the PACS stays busy (status ${status})`, 'try again later', details);
  }
  return pacsAnswer(`expected status 200 from the PACS, got ${status}`, status);
}

/** @param reason why, by (0008,1197), where the PACS says it */
export function refused(status: number, reason?: number): SamusError {
  const code = reason === undefined ? '' : `, failure reason ${hexCode(reason)}`;
  const hint = 'check that the file is DICOM of a kind that the PACS accepts; its log says more';
  return new SamusError('PACS_REFUSED', `the PACS refuses an instance (status ${status}${code})`, hint, {
    status,
    ...(reason !== undefined && { reason: hexCode(reason) }),
  });
}

/** As DICOM writes reasons: `0xA700`. */
function hexCode(code: number): string {
  return `0x${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The connection failed, or ended before the answer did. */
export function unreachable(reason: string): SamusError {
  const hint = 'check the URL, the network and that the PACS runs';
  return new SamusError('PACS_UNREACHABLE', `cannot reach the PACS: ${reason}`, hint, { reason });
}
