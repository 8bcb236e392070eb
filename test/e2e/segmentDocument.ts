/**
 * The document of `samus segment --json`, as far as the tests read it.
 */
export interface SegmentDocument {
  readonly model: string;
  readonly notice: string;
  readonly images: readonly {
    readonly image: string;
    readonly frame?: number;
    readonly width: number;
    readonly height: number;
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly details: Readonly<Record<string, unknown>>;
    };
    readonly overlay?: string;
    readonly json?: string;
    readonly objects: readonly {
      readonly name: string;
      readonly points: readonly (readonly number[])[];
      readonly score: number;
      readonly area: number;
      readonly parts: number;
      readonly box: readonly number[] | null;
      readonly mask?: string;
      readonly rle: { readonly size: readonly [number, number]; readonly counts: string };
    }[];
  }[];
}

export function parseDocument(text: string): SegmentDocument {
  return JSON.parse(text);
}
