/**
 * Errors of talking to a PACS. None repeats an address, a UID or what the PACS says: these identify patients.
 */
import { SamusError } from '../../errors.js';

/** An answer that does not follow DICOMweb. */
export function pacsAnswer(message: string, status?: number): SamusError {
  const hint = 'check that the URL is that of a DICOMweb service, such as http://HOST:8042/dicom-web';
  return new SamusError('PACS_ANSWER', message, hint, status === undefined ? {} : { status });
}

/** The error for any status other than success. */
export function statusError(status: number): SamusError {
  const details = { status };
  if (status === 401 || status === 403) {
    const message = `the PACS denies access (status ${status})`;
    const hint = 'name a file with a valid token or user:password: --auth, of samus serve --dicomweb-auth';
    return new SamusError('PACS_DENIED', message, hint, details);
  }
  if (status === 404 || status === 410) {
    const message = `expected something at this address of the PACS, got status ${status}`;
    return new SamusError('PACS_NOT_FOUND', message, 'check the URL and the UID', details);
  }
  if (status === 429 || status === 503) {
    return new SamusError('PACS_BUSY', `the PACS stays busy (status ${status})`, 'try again later', details);
  }
  const message = `expected status 200 from the PACS, got ${status}`;
  if (status < 500) return pacsAnswer(message, status);
  return new SamusError('PACS_ANSWER', message, 'look into the log of the PACS, or ask those who run it', details);
}

/** @param reason why, by (0008,1197), where the PACS says it */
export function refused(status: number, reason?: number): SamusError {
  const code = reason === undefined ? '' : `, failure reason ${hexCode(reason)}`;
  const hint = 'check that the file is DICOM of a kind that the PACS accepts; its log says more';
  return new SamusError('PACS_REFUSED', `the PACS rejects an instance (status ${status}${code})`, hint, {
    status,
    ...(reason !== undefined && { reason: hexCode(reason) }),
  });
}

/** As DICOM writes reasons: `0xA700`. */
function hexCode(code: number): string {
  return `0x${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

const CHECK = 'check the URL, the network and that the PACS runs';
const AUTHORITY = [
  'its certificate is not of a known authority',
  'name the one of your hospital in NODE_EXTRA_CA_CERTS',
];
const DATES = ['its certificate is not valid today', 'ask those who run the PACS for a new one'];
const LOST = ['the connection broke off', 'check http or https in the URL, the network and that the PACS runs'];
const SILENT = ['it does not answer in time', CHECK];
const UNKNOWN_HOST = ['its host name is not known', CHECK];
const NO_WAY = ['its network is unreachable', CHECK];

/** Reasons of failed connections by the codes of Node, with what helps. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  CERT_HAS_EXPIRED: DATES,
  CERT_NOT_YET_VALID: DATES,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  EAI_AGAIN: UNKNOWN_HOST,
  ECONNREFUSED: ['nothing listens at this host and port', CHECK],
  ECONNRESET: LOST,
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  ENOTFOUND: UNKNOWN_HOST,
  EPIPE: LOST,
  EPROTO: ['it does not speak TLS as expected', 'check the port, and http or https in the URL'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak https at this port', 'use http, or the port for https'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['it does not speak https at this port', 'use http, or the port for https'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host name', 'use the host name of the certificate'],
  ETIMEDOUT: SILENT,
  HPE_INVALID_CONSTANT: ['it does not speak http at this port', 'use https, or another port'],
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  UND_ERR_CONNECT_TIMEOUT: SILENT,
  UND_ERR_SOCKET: LOST,
};

/** The connection failed, or ended before the answer did. @param reason a code of Node, or in words */
export function unreachable(reason: string): SamusError {
  const [words, hint = CHECK] = REASONS[reason] ?? [];
  const why = words === undefined ? reason : `${words} (${reason})`;
  return new SamusError('PACS_UNREACHABLE', `cannot reach the PACS: ${why}`, hint, { reason });
}
