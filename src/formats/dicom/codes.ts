/** Codes for what is segmented: SNOMED CT for the structures that ultrasound models know, and a general one for others. */
import type { Code } from './writeDataSet.js';

/** What an object is (PS3.3 C.8.20.4): its category and its type. */
export interface PropertyCode {
  readonly category: Code;
  readonly type: Code;
}

const ABNORMAL: Code = ['49755003', 'SCT', 'Morphologically Abnormal Structure'];
const ANATOMICAL: Code = ['91723000', 'SCT', 'Anatomical Structure'];
const TISSUE: Code = ['85756007', 'SCT', 'Tissue'];

export const BACKGROUND: PropertyCode = { category: ANATOMICAL, type: ['125040', 'DCM', 'Background'] };

const KNOWN = new Map<string, PropertyCode>([
  ['lesion', { category: ABNORMAL, type: ['52988006', 'SCT', 'Lesion'] }],
  ['nodule', { category: ABNORMAL, type: ['27925004', 'SCT', 'Nodule'] }],
  ['thyroid', { category: ANATOMICAL, type: ['69748006', 'SCT', 'Thyroid'] }],
  ['common carotid artery', { category: ANATOMICAL, type: ['32062004', 'SCT', 'Common carotid artery'] }],
  ['symphysis pubis', { category: ANATOMICAL, type: ['82561000', 'SCT', 'Symphysis pubis'] }],
  ['left ventricle', { category: ANATOMICAL, type: ['87878005', 'SCT', 'Left ventricle'] }],
  ['left atrium', { category: ANATOMICAL, type: ['82471001', 'SCT', 'Left atrium'] }],
  ['skeletal muscle', { category: ANATOMICAL, type: ['127954009', 'SCT', 'Skeletal muscle'] }],
]);

/** Whether a code says more than that it is tissue. */
export const isKnownCode = ({ type }: Pick<PropertyCode, 'type'>): boolean => type[0] !== TISSUE[0];

/** The code of a name, whatever its case and whether words are joined by spaces, `-` or `_`; tissue for names not known. */
export function codeOfName(name: string): PropertyCode {
  return (
    KNOWN.get(
      name
        .trim()
        .toLowerCase()
        .replace(/[\s_-]+/g, ' '),
    ) ?? { category: TISSUE, type: TISSUE }
  );
}
