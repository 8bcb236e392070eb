/**
 * Public models that share tensor names with supported ones and would be mistaken for them, with a distinguishing
 * tensor. Remove the line when a model becomes supported.
 */
interface Unsupported {
  readonly name: string;
  /** Matches a tensor that only this model has. */
  readonly mark: RegExp;
  readonly hint: string;
}

const ANOTHER = 'use a SAM or SAMUS checkpoint';

/** The most specific first. */
export const UNSUPPORTED: readonly Unsupported[] = [
  { name: 'HQ-SAM', mark: /^mask_decoder\.(hf_|compress_vit_feat)/, hint: ANOTHER },
  { name: 'MobileSAM', mark: /^image_encoder\.layers\./, hint: ANOTHER },
  { name: 'SAM 2', mark: /^(sam_mask_decoder|image_encoder\.trunk)\./, hint: ANOTHER },
];
