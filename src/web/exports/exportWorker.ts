/** The worker for files: writes exports, reads labels and archives, measures masks and makes samples. */
import { unzipSync } from 'fflate';
import { makePhantom } from '../../data/phantom.js';
import { SamusError } from '../../errors.js';
import { decodeClassPng } from '../../formats/classPng.js';
import { hashInSlices } from '../open/contentHash.js';
import { readBytes, unreadable } from '../open/pictureErrors.js';
import { encodePicture } from '../open/pngPicture.js';
import { pageError } from '../pageError.js';
import { serveWorker } from '../pageWorker.js';
import type { ExportContract } from './exportContract.js';
import { owned } from './exportContract.js';
import { looksLikeMask, readLabel } from './labels.js';
import { measured } from './measured.js';
import { readAnnotations } from './readAnnotations.js';
import { readInstance, readSegForPage } from './readSegFile.js';
import { writeFiles } from './writeFiles.js';

/** Limit on the unpacked size in the header of an archive, to protect the memory of the page. */
const MAX_UNPACKED = 1e9;
const SAMPLE_SIDE = 384;

serveWorker<ExportContract>({
  async write(request, { progress, transfer }) {
    const total = request.images.length;
    const written = await writeFiles(request, (done) => progress({ done, total }));
    for (const buffer of new Set(written.files.map(({ bytes }) => bytes.buffer))) transfer(buffer);
    return written;
  },

  async unzip(archive) {
    let unpacked = 0;
    try {
      const files = unzipSync(await readBytes(archive), {
        filter: ({ name, originalSize }) => {
          if (name.endsWith('/') || name.startsWith('__MACOSX/')) return false;
          unpacked += originalSize;
          if (unpacked > MAX_UNPACKED) throw pageError('ARCHIVE_TOO_LARGE');
          return true;
        },
      });
      return Object.entries(files).map(([path, bytes]) => ({ path, bytes: owned(bytes) }));
    } catch (error) {
      if (error instanceof SamusError) throw error;
      throw pageError('ARCHIVE_CORRUPT');
    }
  },

  label: readLabel,
  looksLikeMask,

  async isMask(file) {
    try {
      const { classes } = decodeClassPng(await readBytes(file));
      return classes.includes(255) && classes.every((value) => value === 0 || value === 255);
    } catch (error) {
      // In colour, for example, or unreadable, which is reported when it is opened.
      if (error instanceof SamusError) return false;
      throw error;
    }
  },

  async annotations({ file, path, sizes }) {
    return readAnnotations(new TextDecoder().decode(await readBytes(file)), path, sizes);
  },

  seg: readSegForPage,
  instance: readInstance,

  async measure({ mask, mm }) {
    return measured(mask, mm);
  },

  async hash(file) {
    try {
      return await hashInSlices(file);
    } catch (error) {
      throw error instanceof DOMException ? unreadable(error.message) : error;
    }
  },

  async sample({ seed }, { transfer }) {
    const { image, spacingMm } = makePhantom({ seed, width: SAMPLE_SIDE, height: SAMPLE_SIDE });
    const png = encodePicture(image);
    transfer(png.buffer);
    return { png, spacingMm };
  },
});
