/** What an export can be asked for. Imports nothing, so that help is instant. */

export const FORMATS = ['onnx', 'triton', 'transformers.js'] as const;
export type ExportFormat = (typeof FORMATS)[number];

/** How weights are stored: 32 or 16 bits, or the large ones of the image encoder in 8. */
export const DTYPES = ['float32', 'float16', 'q8'] as const;
export type ExportDType = (typeof DTYPES)[number];

export interface FormatOptions {
  readonly dtype: ExportDType;
  /** Of this program. */
  readonly version: string;
  /** The sentence that every model card has. */
  readonly notice: string;
}

/** Files by their paths in the folder of an export, with `/`: the parts of each, one after the other. */
export type ExportFiles = Map<string, readonly (Uint8Array | string)[]>;
