/** The worker for images: opens files, decodes their frames and encodes PNG off the main thread. */
import { textOf } from '../../formats/dicom/dataSet.js';
import { frameTimes, patientFacts } from '../../formats/dicom/dicomFacts.js';
import { type DicomImage, isDicom } from '../../formats/dicom/dicomSource.js';
import { KeptTasks } from '../keptTasks.js';
import { serveWorker } from '../pageWorker.js';
import { openPicture, type PictureFile } from './decodePicture.js';
import type { DicomFacts, ImageContract, NamedFile } from './imageContract.js';
import { encodePicture } from './pngPicture.js';

/** The one that is shown, and one that is read beside it, for masks or learning. */
const MOST_OPEN = 2;

const opened = new KeptTasks<PictureFile>(MOST_OPEN, (_, { source }) => source.close?.());

const fileOf = ({ id, file }: NamedFile): Promise<PictureFile> => opened.get(id, () => openPicture(file));

serveWorker<ImageContract>({
  async open(file) {
    const { source } = await fileOf(file);
    const { frames, framesStated, timing = null } = source;
    const counted = { frames, ...(framesStated !== undefined && { framesStated }) };
    return { ...counted, timing, dicom: isDicom(source) ? dicomFacts(source) : null };
  },
  async frame({ frame, ...file }, { signal, transfer }) {
    const { read } = await fileOf(file);
    signal.throwIfAborted();
    const picture = await read(frame);
    transfer(picture.image.data.buffer);
    return picture;
  },
  async patient(file) {
    const { source } = await fileOf(file);
    return isDicom(source) ? patientFacts(source.file.data) : null;
  },
  async close(id) {
    const file = opened.peek(id);
    opened.delete(id);
    // A file that could not be opened has nothing to close.
    await file?.then(({ source }) => source.close?.()).catch(() => undefined);
    return null;
  },
  async png(image, { transfer }) {
    const bytes = encodePicture(image);
    transfer(bytes.buffer);
    return bytes;
  },
});

function dicomFacts({ file: { data, transferSyntax }, pixelFormat, calibration }: DicomImage): DicomFacts {
  const { rows, columns, photometric } = pixelFormat;
  const stated = textOf(data, 0x00080016) ?? '';
  // Any text may stand there.
  const sopClass = /^[0-9.]{1,64}$/.test(stated) ? stated : null;
  return { sopClass, transferSyntax, rows, columns, photometric, frameTimesMs: frameTimes(data), calibration };
}
