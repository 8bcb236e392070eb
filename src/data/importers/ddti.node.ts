/**
 * DDTI (Pedraza 2015) in both forms in which it goes around: as published, a case `1.xml` with polygons for its images
 * `1_1.jpg`, `1_2.jpg`; and as pairs of PNG, `image/1.PNG` with `mask/1.PNG`, which are known by number only.
 */
import { join } from 'node:path';
import { createImage, type Image } from '../../formats/image.js';
import { readImage } from '../../formats/imageFile.node.js';
import { jsonOf } from '../../formats/jsonFields.js';
import { byStem, fileNames, findFolder, imageNames, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem, type Skipped } from './importer.js';
import { pairItems } from './pairs.node.js';
import { drawOutline, fillPolygon, type Polygon } from './polygon.js';

const DATASET = 'ThyroidNodule-DDTI';
export const ddti: Importer = {
  id: 'ddti',
  layout: 'cases like 1.xml with their images 1_1.jpg, or the folders image and mask with files like 1.PNG',
  options: [],
  async plan(source) {
    const cases = (await fileNames(source)).filter((name) => /^\d+\.xml$/i.test(name));
    const [images, labels] = [await findFolder(source, ['image']), await findFolder(source, ['mask'])];
    const { items, skipped, failed } =
      cases.length > 0
        ? await xmlItems(source, cases)
        : images && labels
          ? await pairItems({ source, dataset: DATASET, images, labels, nameOf: (stem) => `test${stem}` })
          : { items: [], skipped: [], failed: [] };
    const entry = datasetEntry(['nodule'], 'none stated', 'Pedraza et al. 2015, doi:10.1117/12.2073532');
    return { datasets: new Map([[DATASET, entry]]), items, skipped, failed };
  },
};

async function xmlItems(source: string, cases: readonly string[]) {
  const items: ImportItem[] = [];
  const [skipped, failed]: [Skipped[], Skipped[]] = [[], []];
  const images = byStem(await imageNames(source), (file, reason) => failed.push({ file, reason }));
  const marked = new Set<string>();
  for (const file of cases) {
    const patient = stemOf(file);
    const polygons = parseCase((await textIfThere(join(source, file))) ?? '');
    if (!polygons) failed.push({ file, reason: 'expected polygons as JSON' });
    for (const [number, outlines] of polygons ?? []) {
      const name = `${patient}_${number}`;
      const image = images.get(name);
      if (image === undefined) {
        skipped.push({ file, reason: `its image ${name} is missing` });
        continue;
      }
      marked.add(name);
      items.push({
        dataset: DATASET,
        name,
        source: image,
        load: async () => {
          const picture = await readImage(join(source, image));
          return { image: picture, label: draw(picture, outlines) };
        },
      });
    }
  }
  for (const [stem, file] of images)
    if (!marked.has(stem)) skipped.push({ file, reason: 'no polygon is given for it' });
  return { items, skipped, failed };
}

/** The polygons of a case by the number of its image; undefined if they cannot be read. */
function parseCase(xml: string): ReadonlyMap<string, readonly Polygon[]> | undefined {
  const polygons = new Map<string, Polygon[]>();
  for (const [mark] of xml.matchAll(/<mark>[\s\S]*?<\/mark>/g)) {
    const number = /<image>\s*(\d+)\s*<\/image>/.exec(mark)?.[1];
    const drawing = /<svg>([\s\S]*?)<\/svg>/.exec(mark)?.[1]?.trim();
    if (number === undefined || !drawing) continue;
    const outlines = parseDrawing(drawing.replaceAll('&quot;', '"'));
    if (!outlines) return undefined;
    if (outlines.length > 0) polygons.set(number, [...(polygons.get(number) ?? []), ...outlines]);
  }
  return polygons;
}

/** The polygons of `[{"points": [{"x": 1, "y": 2}, …]}, …]`; undefined for anything else. */
function parseDrawing(json: string): Polygon[] | undefined {
  const regions = jsonOf(json);
  if (!Array.isArray(regions)) return undefined;
  const polygons = regions.map((region: { readonly points?: unknown } | null) => polygonOf(region?.points));
  const known = polygons.filter((polygon) => polygon !== undefined);
  return known.length === polygons.length ? known.filter((polygon) => polygon.length >= 3) : undefined;
}

function polygonOf(points: unknown): [number, number][] | undefined {
  if (!Array.isArray(points)) return undefined;
  const polygon = points.flatMap((point: { readonly x?: unknown; readonly y?: unknown } | null): [number, number][] =>
    typeof point?.x === 'number' && typeof point.y === 'number' ? [[point.x, point.y]] : [],
  );
  return polygon.length === points.length ? polygon : undefined;
}

/** The line belongs to the nodule: so it is in the masks that others made of these polygons. */
function draw({ width, height }: Image, polygons: readonly Polygon[]): Image {
  const label = createImage(width, height, 1, new Uint8Array(width * height));
  for (const polygon of polygons) {
    fillPolygon(label, polygon, 1);
    drawOutline(label, polygon, 1);
  }
  return label;
}
