/**
 * The records of a TensorBoard event file: scalars by step. The format is TensorFlow's record file (length, masked
 * CRC-32C of the length, data, masked CRC-32C of the data) of `Event` messages (tensorflow/core/util/event.proto).
 * runRecord.node.ts writes them to a file.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** Fields of the messages, by their numbers in event.proto and summary.proto. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simpleValue: 2 } as const;
const SESSION_STATUS = 1;
const SESSION_START = 1;

/** The first record of every file. @param seconds since 1970 */
export function versionRecord(seconds: number): Uint8Array {
  const event = new BinaryWriter().tag(EVENT.wallTime, 1).double(seconds);
  return record(event.tag(EVENT.fileVersion, 2).string('brain.Event:2').finish());
}

/** Marks a restart after `step`: TensorBoard then drops later steps in the folder's other files. */
export function restartRecord(seconds: number, step: number): Uint8Array {
  const event = new BinaryWriter().tag(EVENT.wallTime, 1).double(seconds).tag(EVENT.step, 0).int64(step);
  event.tag(EVENT.sessionLog, 2).fork().tag(SESSION_STATUS, 0).int32(SESSION_START).join();
  return record(event.finish());
}

/** Scalars of a step. */
export function scalarsRecord(seconds: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const event = new BinaryWriter().tag(EVENT.wallTime, 1).double(seconds).tag(EVENT.step, 0).int64(step);
  event.tag(EVENT.summary, 2).fork();
  for (const [name, value] of Object.entries(scalars)) {
    event.tag(SUMMARY_VALUE, 2).fork().tag(VALUE.tag, 2).string(name).tag(VALUE.simpleValue, 5).float(value).join();
  }
  return record(event.join().finish());
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

/** CRC-32C of each byte value: the polynomial of Castagnoli, bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** TensorFlow masks checksums so that the checksum of data that contains checksums stays useful. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
