/** Work on small pictures, as tests of exports have it. */
import { encodeRle } from '../../src/formats/rle.js';
import { addObject, emptyDocument, findObject, paint, withAnswer } from '../../src/web/document/edit.js';
import { promptKey } from '../../src/web/document/promptKey.js';
import type { ImageDocument, PackedMask } from '../../src/web/document/types.js';
import type { ExportFormat, ExportImage } from '../../src/web/exports/exportContract.js';
import { writeFiles } from '../../src/web/exports/writeFiles.js';
import { encodePicture } from '../../src/web/open/pngPicture.js';

export const [WIDTH, HEIGHT] = [6, 4];
export const CLASSES = [
  { id: 1, name: 'cyst', color: '#e69f00' },
  { id: 3, name: 'vessel', color: '#56b4e9' },
];

/** The pixels of some columns. */
export const columns = (...wanted: number[]): PackedMask =>
  encodeRle({
    width: WIDTH,
    height: HEIGHT,
    data: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (wanted.includes(i % WIDTH) ? 1 : 0)),
  });

/** One object with clicks, an answer and strokes; one of a file over it. */
export function worked(): ImageDocument {
  const scale = { mm: [0.5, 0.25], origin: 'file' } as const;
  let document = addObject(emptyDocument(WIDTH, HEIGHT, scale), {
    id: 'a',
    classId: 1,
    points: [
      [1, 2, 1],
      [5, 0, 0],
    ],
    box: [0, 0, 3, 3],
  });
  const key = promptKey(findObject(document, 'a')!);
  document = withAnswer(document, 'a', { mask: columns(0, 1), score: 0.8, model: 'samus-s', key });
  document = paint(document, 'a', columns(2), false);
  document = paint(document, 'a', columns(0), true);
  const start = { mask: columns(2, 3), origin: 'file', score: null } as const;
  return addObject(document, { id: 'b', name: 'wall', classId: 3, start, committed: true });
}

/** What the JSON holds of the objects. */
export const bare = (document: ImageDocument) =>
  document.objects.map(({ id, color, hidden, ...held }) => ({ ...held, start: held.start?.mask ?? null }));

export async function exported(format: ExportFormat, images: readonly ExportImage[]) {
  const request = { format, dataset: 'Own', classes: CLASSES, images, packed: true };
  return (await writeFiles(request, () => undefined)).files;
}

export const image = (path: string): ExportImage => {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => i * 7);
  return {
    path,
    content: `content of ${path}`,
    frame: 1,
    file: new Blob([encodePicture({ width: WIDTH, height: HEIGHT, channels: 1, data })]),
    document: worked(),
  };
};
