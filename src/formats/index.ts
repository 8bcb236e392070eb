/**
 * `samus/formats`: images in memory, masks, checkpoints and volumes from bytes. In a browser these are its exports; on
 * Node index.node.ts adds files to them.
 */
export {
  type AnnotatedImage,
  type AnnotatedObject,
  type AnnotationClass,
  type AnnotationDocument,
  annotationJson,
  type FailedImage,
  type Guess,
  type ImageRef,
  type PromptedObject,
} from './annotation.js';
export { readAnnotation } from './annotationRead.js';
export { type ByteSource, blobSource, memorySource, sourceTarget } from './byteSource.js';
export { type Checkpoint, type CheckpointFormat, readCheckpoint } from './checkpoint.js';
export { type ClassMap, decodeClassPng, encodeClassPng } from './classPng.js';
export { type CocoDocument, type CocoOptions, type CocoSource, cocoDocument } from './coco.js';
export { type CocoImage, type CocoObject, cocoCategories, cocoMask, readCoco } from './cocoRead.js';
export { codeOfName, type PropertyCode } from './dicom/codes.js';
export type { DicomObject, ExportOrigin, ExportSource } from './dicom/derivedObject.js';
export { type DicomFile, readDicomFile } from './dicom/dicomFile.js';
export { type DicomImage, dicomFrame, readDicom, regionAt } from './dicom/dicomSource.js';
export { type DicomSeg, type ReadSegment, readDicomSeg } from './dicom/readSeg.js';
export type { Calibration, PartSpacing, UltrasoundRegion } from './dicom/regions.js';
export type { DicomSegMask, DicomSegObject } from './dicom/segments.js';
export { type DrawnFrame, writeDicomSc } from './dicom/writeSc.js';
export { type DicomSegOptions, type WrittenDicomSeg, writeDicomSeg } from './dicom/writeSeg.js';
export { type MaskMeasurement, writeDicomSr } from './dicom/writeSr.js';
export type { FoundInstance, FoundSeries, FoundStudy, PatientText } from './dicomweb/dicomJson.js';
export {
  type DicomWeb,
  dicomWeb,
  type InstanceUids,
  type PacsQuery,
  type StoredInstance,
} from './dicomweb/dicomWeb.js';
export type { PacsOptions } from './dicomweb/pacsRequest.js';
export { toFloat16, toFloat32 } from './halfFloat.js';
export { createImage, type Image, maskToImage, toGrey, toRgb } from './image.js';
export { type FileFormat, type OpenFile, registerFormat } from './imageFormat.js';
export { checkFrame, checkSize, type ImageFile, type ImageLimits, type ImageSource } from './imageSource.js';
export type { Mask, PixelBox, SpacingMm } from './mask.js';
export { type CleaningPrompt, cleanMask } from './maskRegions.js';
export { encodeNifti } from './niftiWrite.js';
export { drawOverlay, type OverlayObject, type OverlayOptions } from './overlay.js';
export { maskToPolygons, polygonsToMask } from './polygons.js';
export { longestSideSize, resizeBilinear, resizeNearest } from './resize.js';
export { resizeLogits } from './resizeLogits.js';
export { decodeRle, encodeRle, type Rle, rleArea, rleBox } from './rle.js';
export { readSafetensors, type Safetensors } from './safetensors.js';
export { encodeSafetensors } from './safetensorsWrite.js';
export { readTorchCheckpoint, type TorchCheckpointOptions } from './torchCheckpoint.js';
export type { Volume, VolumeSamples } from './volume.js';
