/**
 * Where the page serves the WebAssembly of the DICOM codecs. The worker that decodes frames imports this file for
 * its effect; a codec is fetched when the first frame needs it.
 */
import charls from '@cornerstonejs/codec-charls/decodewasm?url';
import turbo from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm?url';
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import openjph from '@cornerstonejs/codec-openjph/wasm?url';
import { locateCodecs } from '../../formats/dicom/codecs.js';

locateCodecs({ jpeg: turbo, jpegls: charls, j2k: openjpeg, htj2k: openjph });
