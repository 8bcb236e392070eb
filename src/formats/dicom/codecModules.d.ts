/** The codecs of @cornerstonejs come without types. Each module has one decoder. */
declare module '@cornerstonejs/codec-*wasmjs' {
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
  interface Options {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
    /** The address of a file that it needs. */
    readonly locateFile?: () => string;
  }
  const create: (options: Options) => Promise<Codec>;
  export default create;
}

/** The address of a file that the page's build copies. */
declare module '@cornerstonejs/codec-*?url' {
  const address: string;
  export default address;
}
