/**
 * A DICOM clip from the drop to the PACS and back: masks on its frames, millimetres, a segmentation, a report and pictures,
 * and the same masks from the segmentation. Nothing of the patient reaches the console or the server.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { itemsOf, numbersOf, textOf } from '../../src/formats/dicom/dataSet.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { readDicomSeg } from '../../src/formats/dicom/readSeg.js';
import { dataSet, encodeFile } from '../../src/formats/dicom/writeDataSet.js';
import { toGrey } from '../../src/formats/image.js';
import { Annotator, type GivenFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const SIDE = 256;
const [PATIENT, INSTANCE] = ['Phantom^Samus', '1.2.826.0.1.3680043.10.1999.7.1'];
const DELTAS = [0.02, 0.01] as const;

/** B-mode of pixels that are wider than high in the upper part, M-mode below `height`. */
function clipOf(seeds: readonly number[], height: number, instance = INSTANCE) {
  const frames = seeds.map((seed) => makePhantom({ seed, width: SIDE, height: SIDE }));
  const region = (y0: number, y1: number, format: number, units: number) =>
    dataSet(
      ...([
        ...[[0x0018_6012, format] as const, [0x0018_6014, 1] as const, [0x0018_6016, 0] as const],
        ...[[0x0018_6018, 0] as const, [0x0018_601a, y0] as const, [0x0018_601c, SIDE - 1] as const],
        ...[[0x0018_601e, y1] as const, [0x0018_6024, units] as const, [0x0018_6026, 3] as const],
        ...[[0x0018_602c, double(DELTAS[0])] as const, [0x0018_602e, double(-DELTAS[1])] as const],
      ] as const),
    );
  const bytes = encodeFile(
    dataSet(
      [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
      [0x0008_0018, instance],
      [0x0010_0010, PATIENT],
      [0x0010_0020, 'PHANTOM-1'],
      [0x0018_1063, 40],
      [0x0018_6011, [region(0, height - 1, 1, 3), region(height, SIDE - 1, 2, 4)]],
      [0x0020_000d, '1.2.826.0.1.3680043.10.1999.7'],
      [0x0020_000e, '1.2.826.0.1.3680043.10.1999.7.0'],
      [0x0028_0002, 1],
      [0x0028_0004, 'MONOCHROME2'],
      [0x0028_0008, String(seeds.length)],
      [0x0028_0009, 0x0018_1063],
      [0x0028_0010, SIDE],
      [0x0028_0011, SIDE],
      [0x0028_0100, 8],
      [0x0028_0101, 8],
      [0x0028_0102, 7],
      [0x0028_0103, 0],
      [0x7fe0_0010, { vr: 'OB', bytes: Buffer.concat(frames.map(({ image }) => toGrey(image).data)) }],
    ),
  );
  return { file: dcm('IM_0001', bytes), clicks: frames.map(({ objects }) => objects[0]!.click) };
}

const double = (value: number) => ({ vr: 'FD', bytes: new Uint8Array(Float64Array.of(value).buffer) }) as const;

const dcm = (name: string, bytes: Uint8Array): GivenFile => ({
  ...{ name, mimeType: 'application/dicom' },
  buffer: Buffer.from(bytes),
});

/** The masks of a segmentation by frame, as run lengths would have them: positions of their pixels. */
async function masksIn(bytes: Uint8Array) {
  const { segments, sources } = await readDicomSeg(new Uint8Array(bytes));
  const masks = segments.flatMap(({ label, masks }) =>
    masks.map(({ frame, mask }) => ({ label, frame, data: mask.data })),
  );
  return { sources, masks: masks.sort((a, b) => a.frame - b.frame) };
}

describeInChromium('a DICOM clip in the annotator', () => {
  const server = useServer();
  const window = useContext(useChromium());
  const folder = mkdtempSync(join(tmpdir(), 'samus-dicom-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  /** What the page printed, and what it sent. */
  const said: string[] = [];

  beforeEach(() => {
    said.length = 0;
    window.context.on('console', (line) => said.push(line.text()));
    window.context.on('request', (request) => said.push(request.url(), JSON.stringify(request.headers())));
  });

  const noErrors = (bytes: Uint8Array): void => {
    if (spawnSync('dciodvfy', ['-version']).error) return;
    const path = join(folder, 'object.dcm');
    writeFileSync(path, bytes);
    const { stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
  };

  it('goes through clicks, a segmentation, a reload and back', { timeout: 400_000 }, async () => {
    const { file, clicks } = clipOf([1, 2, 3], SIDE - 1);
    const annotator = await Annotator.open(window.context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    await annotator.press('Control+ArrowRight', 'Control+ArrowRight');
    await annotator.frame(3);
    await annotator.ready();
    await annotator.click(clicks[2]!);
    await annotator.objects(/Score/);
    const area = await annotator.area();

    // Pixels are 0.2 mm wide and 0.1 mm high.
    const panel = annotator.page.locator('.right .measure');
    await panel.getByText('0.2 × 0.1 mm/pixel').waitFor();
    await panel.getByText(`${(area * 0.02).toFixed(area * 0.02 >= 100 ? 1 : 2)} mm²`, { exact: true }).waitFor();
    const facts = annotator.page.locator('.right .facts');
    expect(await facts.textContent()).toMatch(/Ultrasound Multi-frame Image.*256 × 256.*40 ms.*not a 2D region/);
    expect(await facts.textContent()).not.toMatch(/Phantom|PHANTOM|1999/);
    await facts.getByLabel('Show patient data').check();
    await facts.getByText(PATIENT).waitFor();

    const seg = await annotator.export(/DICOM Segmentation/);
    expect(seg.name).toBe('IM_0001.seg.dcm');
    const written = await masksIn(seg.bytes);
    expect(written.sources).toEqual([INSTANCE]);
    expect(written.masks.map(({ frame }) => frame)).toEqual([1, 3]);
    expect(written.masks[1]!.data.reduce((sum, value) => sum + value, 0)).toBe(area);
    noErrors(seg.bytes);
    const { data } = await readDicomFile(new Uint8Array(seg.bytes));
    const [measures] = itemsOf(itemsOf(data, 0x5200_9229)[0]!, 0x0028_9110);
    expect(numbersOf(measures!, 0x0028_0030)).toEqual([0.1, 0.2]);
    expect(textOf(data, 0x0010_0010)).toBe(PATIENT);

    const report = unzipSync(new Uint8Array((await annotator.export(/DICOM report/)).bytes));
    expect(Object.keys(report).sort()).toEqual(['IM_0001.seg.dcm', 'IM_0001.sr.dcm']);
    noErrors(report['IM_0001.sr.dcm']!);
    const pictures = await annotator.export(/DICOM pictures/);
    expect(pictures.name).toBe('IM_0001.sc.dcm');
    noErrors(pictures.bytes);

    // The work is there after a reload, so that the segmentation adds nothing; the patient is not shown any more.
    await annotator.page.reload();
    await annotator.ready();
    await annotator.objects(/Score/);
    expect(await annotator.page.locator('.right .facts').getByText(PATIENT).count()).toBe(0);
    await annotator.openImages(dcm('result', seg.bytes));
    await annotator.message(/No new objects were opened/);
    expect(await annotator.objectCount()).toBe(1);

    // Without the work, the masks come from the segmentation, each on its frame.
    annotator.page.once('dialog', (dialog) => void dialog.accept());
    await annotator.page.getByRole('button', { name: 'Delete everything stored' }).first().click();
    await annotator.message(/were deleted/);
    await annotator.openImages(file, dcm('result', seg.bytes));
    await annotator.message(/1 object opened on 1 image \(2 frames\)/);
    expect((await masksIn((await annotator.export(/DICOM Segmentation/)).bytes)).masks).toEqual(written.masks);

    expect(said.filter((line) => /Phantom\^|PHANTOM|1\.2\.826|Content Security Policy/.test(line))).toEqual([]);
    expect(annotator.failures).toEqual([]);
  });

  it('says why there are no millimetres, and refuses the segmentation of another image', {
    timeout: 200_000,
  }, async () => {
    // The region ends above the object.
    const { file, clicks } = clipOf([1], 4);
    const annotator = await Annotator.open(window.context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    await annotator.page.getByText('this object lies outside the calibrated region').waitFor();
    const seg = await annotator.export(/DICOM Segmentation/);
    await annotator.message(/3D Slicer rejects the segmentation/);

    const other = clipOf([1], 4, `${INSTANCE}.2`);
    annotator.page.once('dialog', (dialog) => void dialog.accept());
    await annotator.page.getByRole('button', { name: 'Delete everything stored' }).first().click();
    await annotator.message(/were deleted/);
    await annotator.openImages(other.file);
    await annotator.ready();
    await annotator.openImages(dcm('result', seg.bytes));
    await annotator.message(/do not match, or the image is not in the list/);
    expect(await annotator.objectCount()).toBe(0);
    expect(annotator.failures).toEqual([]);
  });
});
