/**
 * What replaces identities: keyed hashes (HMAC-SHA-256). The same key gives the same replacements in every file and run, so
 * references between files stay right; without the key nobody can find out whether a known UID or number is behind one.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { bytesOf, type DataSet } from './dataSet.js';

/** UIDs of the standard itself: classes of objects, transfer syntaxes. */
const STANDARD = /^1\.2\.840\.10008\.[0-9.]+$/;

export class Pseudonyms {
  /** @param key secret, 32 random bytes */
  constructor(private readonly key: Uint8Array) {}

  /** `2.25.` and 128 bits of a hash; UIDs of the standard stay. @param kind keeps UIDs of two kinds of copies apart */
  uid(uid: string, kind = ''): string {
    if (STANDARD.test(uid)) return uid;
    return `2.25.${BigInt(`0x${bytesToHex(this.#hash(`uid${kind}`, uid).subarray(0, 16))}`)}`;
  }

  /** A short name for a text. */
  name(kind: string, text: string): string {
    return bytesToHex(this.#hash(kind, text).subarray(0, 5)).toUpperCase();
  }

  /** One for each patient: by the ID and who issued it, else by name and date of birth. */
  patient(data: DataSet): string {
    const [id, issuer, name, birth] = [0x0010_0020, 0x0010_0021, 0x0010_0010, 0x0010_0030].map((tag) =>
      new TextDecoder('latin1').decode(bytesOf(data, tag)).replace(/^ +|[ \0]+$/g, ''),
    );
    return `ANON-${this.name('patient', id ? `${id}\0${issuer}` : `\0${name}\0${birth}`)}`;
  }

  #hash(kind: string, text: string): Uint8Array {
    return hmac(sha256, this.key, utf8ToBytes(`${kind}\0${text}`));
  }
}
