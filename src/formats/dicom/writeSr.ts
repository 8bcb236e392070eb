/**
 * Writes measurements of masks as a Comprehensive SR of template TID 1500 (PS3.16): for each object and frame a planar
 * group (TID 1410) with its area, axes and perimeter, which refers to the frames of the segmentation and of the image.
 */
import { SamusError } from '../../errors.js';
import type { DataSet } from './dataSet.js';
import {
  commonElements,
  type DicomObject,
  type ExportOrigin,
  type ExportSource,
  finishObject,
  objectReference,
  sourceFacts,
  sourceReference,
  writtenSource,
} from './derivedObject.js';
import { type DicomSegObject, oneLine, trackingUid } from './segments.js';
import { type Code, codeItem, dataSet, derivedUid, element, type TextEncoding, type Value } from './writeDataSet.js';
import type { WrittenDicomSeg } from './writeSeg.js';

/** What was measured on one mask, all in millimetres or all in pixels. */
export interface MaskMeasurement {
  /** Index among the objects of the segmentation. */
  readonly object: number;
  readonly frame: number;
  readonly unit: 'mm' | 'px';
  readonly area: number;
  readonly longAxis: number;
  readonly shortAxis: number;
  readonly perimeter: number;
}

const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33';

const MILLIMETRES: Code = ['mm', 'UCUM', 'millimeter'];
const SQUARE_MILLIMETRES: Code = ['mm2', 'UCUM', 'square millimeter'];
const PIXELS: Code = ['{pixels}', 'UCUM', 'pixels'];

const QUANTITIES = [
  ['area', ['42798000', 'SCT', 'Area'], SQUARE_MILLIMETRES],
  ['longAxis', ['103339001', 'SCT', 'Long Axis'], MILLIMETRES],
  ['shortAxis', ['103340004', 'SCT', 'Short Axis'], MILLIMETRES],
  ['perimeter', ['131191004', 'SCT', 'Perimeter'], MILLIMETRES],
] as const satisfies readonly (readonly [keyof MaskMeasurement, Code, Code])[];

/**
 * The file of a report. Measurements of masks that the segmentation does not hold are left out.
 * @param seg that `writeDicomSeg` made of `objects`
 * @throws SamusError DICOM_SR_EMPTY, DICOM_SEG_REFERENCE
 */
export function writeDicomSr(
  source: ExportSource,
  seg: WrittenDicomSeg,
  objects: readonly DicomSegObject[],
  measurements: readonly MaskMeasurement[],
  origin: ExportOrigin,
): DicomObject {
  const facts = sourceFacts(source);
  const { date = new Date(), model = 'unknown', version } = origin;
  const names = objects.flatMap(({ name, code }) => [name, code.type[2]]).concat(model);
  const written = writtenSource(source, names);
  const { encode } = written;
  const groups = measurements.flatMap((one) => {
    const object = objects[one.object];
    const place = seg.frames.find(({ object: index, frame }) => index === one.object && frame === one.frame);
    if (!object || !place) return [];
    const algorithm =
      object.algorithm === 'MANUAL'
        ? []
        : [
            textItem('HAS CONCEPT MOD', ALGORITHM_NAME, model, encode),
            textItem('HAS CONCEPT MOD', ALGORITHM_VERSION, version),
          ];
    const segFrame = new Map([
      ...objectReference(seg.sopClass, seg.sopInstanceUid),
      // With the number of the segment beside it, the reference would be to two things, which validators reject.
      ...dataSet([0x0008_1160, String(place.segFrame)]),
    ]);
    return [
      container(
        ['125007', 'DCM', 'Measurement Group'],
        [
          textItem('HAS OBS CONTEXT', ['112039', 'DCM', 'Tracking Identifier'], oneLine(object.name), encode),
          uidItem('HAS OBS CONTEXT', ['112040', 'DCM', 'Tracking Unique Identifier'], trackingUid(facts, object.name)),
          codedItem('CONTAINS', ['121071', 'DCM', 'Finding'], object.code.type, encode),
          ...algorithm,
          imageItem(['121214', 'DCM', 'Referenced Segmentation Frame'], segFrame),
          imageItem(['121233', 'DCM', 'Source image for segmentation'], sourceReference(facts, one.frame)),
          ...QUANTITIES.map(([name, concept, unit]) =>
            numberItem(concept, one[name], one.unit === 'mm' ? unit : PIXELS),
          ),
        ],
      ),
    ];
  });
  if (groups.length === 0) {
    throw new SamusError('DICOM_SR_EMPTY', 'expected measurements of a mask, got none', 'segment an object first');
  }
  const content = [
    codedItem(
      'HAS CONCEPT MOD',
      ['121049', 'DCM', 'Language of Content Item and Descendants'],
      ['en-US', 'RFC5646', 'English (United States)'],
    ),
    codedItem('HAS OBS CONTEXT', ['121005', 'DCM', 'Observer Type'], ['121007', 'DCM', 'Device']),
    uidItem('HAS OBS CONTEXT', ['121012', 'DCM', 'Device Observer UID'], derivedUid(`samus-device ${version}`)),
    textItem('HAS OBS CONTEXT', ['121013', 'DCM', 'Device Observer Name'], 'samus'),
    textItem('HAS OBS CONTEXT', ['121015', 'DCM', 'Device Observer Model Name'], model, encode),
    codedItem(
      'HAS CONCEPT MOD',
      ['121058', 'DCM', 'Procedure reported'],
      ['25061-3', 'LN', 'US unspecified body region'],
    ),
    container(['126010', 'DCM', 'Imaging Measurements'], groups),
  ];
  const evidence = [
    evidenceOf(facts.seriesUid, facts.sopClass, facts.sopInstanceUid),
    evidenceOf(seg.seriesUid, seg.sopClass, seg.sopInstanceUid),
  ];
  return finishObject(
    new Map([
      ...commonElements(
        written,
        { ...origin, date },
        {
          sopClass: COMPREHENSIVE_SR,
          modality: 'SR',
          description: 'Measurements',
        },
      ),
      ...dataSet(
        [0x0008_1111, []],
        [0x0040_a040, 'CONTAINER'],
        [0x0040_a043, [codeItem(['126000', 'DCM', 'Imaging Measurement Report'])]],
        [0x0040_a050, 'SEPARATE'],
        [0x0040_a372, []],
        [0x0040_a375, [dataSet([0x0008_1115, evidence], [0x0020_000d, facts.studyUid])]],
        [0x0040_a491, 'PARTIAL'],
        [0x0040_a493, 'UNVERIFIED'],
        [0x0040_a504, [dataSet([0x0008_0105, 'DCMR'], [0x0040_db00, '1500'])]],
        [0x0040_a730, content],
      ),
    ]),
  );
}

const ALGORITHM_NAME: Code = ['111001', 'DCM', 'Algorithm Name'];
const ALGORITHM_VERSION: Code = ['111003', 'DCM', 'Algorithm Version'];

type Relationship = 'CONTAINS' | 'HAS CONCEPT MOD' | 'HAS OBS CONTEXT';

function contentItem(
  relationship: Relationship,
  type: string,
  concept: Code | undefined,
  ...values: readonly (readonly [tag: number, value: Value])[]
): DataSet {
  return dataSet(
    [0x0040_a010, relationship],
    [0x0040_a040, type],
    ...(concept ? ([[0x0040_a043, [codeItem(concept)]]] as const) : []),
    ...values,
  );
}

const container = (concept: Code, content: readonly DataSet[]): DataSet =>
  contentItem('CONTAINS', 'CONTAINER', concept, [0x0040_a050, 'SEPARATE'], [0x0040_a730, content]);

const codedItem = (relationship: Relationship, concept: Code, value: Code, encode?: TextEncoding): DataSet =>
  contentItem(relationship, 'CODE', concept, [0x0040_a168, [codeItem(value, encode)]]);

const textItem = (relationship: Relationship, concept: Code, value: string, encode?: TextEncoding): DataSet =>
  contentItem(relationship, 'TEXT', concept, [0x0040_a160, element(0x0040_a160, value, encode)]);

const uidItem = (relationship: Relationship, concept: Code, value: string): DataSet =>
  contentItem(relationship, 'UIDREF', concept, [0x0040_a124, value]);

const imageItem = (concept: Code, reference: DataSet): DataSet =>
  contentItem('CONTAINS', 'IMAGE', concept, [0x0008_1199, [reference]]);

const numberItem = (concept: Code, value: number, unit: Code): DataSet =>
  contentItem('CONTAINS', 'NUM', concept, [
    0x0040_a300,
    [dataSet([0x0040_08ea, [codeItem(unit)]], [0x0040_a30a, value])],
  ]);

function evidenceOf(seriesUid: string, sopClass: string, sopInstanceUid: string): DataSet {
  return dataSet([0x0020_000e, seriesUid], [0x0008_1199, [objectReference(sopClass, sopInstanceUid)]]);
}
