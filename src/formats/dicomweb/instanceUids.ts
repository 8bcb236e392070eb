/**
 * Which instance a DICOM file is.
 */
import { textOf } from '../dicom/dataSet.js';
import { readDicomFile } from '../dicom/dicomFile.js';
import { isUid } from './dicomJson.js';
import type { InstanceUids } from './dicomWeb.js';

/** Undefined for what cannot be read, or names no UIDs: only a PACS can say whether it accepts such a file. */
export async function instanceUids(bytes: Uint8Array): Promise<InstanceUids | undefined> {
  const data = await readDicomFile(bytes).then(
    (file) => file.data,
    () => undefined,
  );
  const [study, series, instance] = [0x0020_000d, 0x0020_000e, 0x0008_0018].map((tag) => data && textOf(data, tag));
  return isUid(study) && isUid(series) && isUid(instance) ? { study, series, instance } : undefined;
}
