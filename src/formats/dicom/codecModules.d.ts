/** The codecs of @cornerstonejs come without types. Each module has one decoder. */
declare module '@cornerstonejs/codec-*' {
  export interface Decoder {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8Array;
    decode(): void;
    /** JPEG-LS: 0 for planes. */
    getInterleaveMode?(): number;
    /** Frees its memory. */
    delete(): void;
  }
  export interface Codec {
    readonly JPEGDecoder?: new () => Decoder;
    readonly JpegLSDecoder?: new () => Decoder;
    readonly J2KDecoder?: new () => Decoder;
    readonly HTJ2KDecoder?: new () => Decoder;
  }
  const create: (options: { readonly print: () => void; readonly printErr: () => void }) => Promise<Codec>;
  export default create;
}
