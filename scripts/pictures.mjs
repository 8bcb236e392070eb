/**
 * Makes the pictures of the README from a phantom: an overlay of `samus segment`, and the annotator after one click.
 * Needs Chromium. Usage: node scripts/pictures.mjs, after `npm run build`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { findChromium } from './testPrograms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist/cli/main.js');
const pictures = join(root, 'docs/images');
const PHANTOM = { seed: '3', width: 640, height: 480, kind: 'lesion' };

function samus(cwd, ...args) {
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** A third of the size: 256 colours are enough for grey tissue and a few marks. */
async function write(name, png) {
  await sharp(png).png({ palette: true, effort: 10 }).toFile(join(pictures, name));
}

/** The click of the phantom's first object, in pixels. */
function clickOf(folder) {
  const [, line] = readFileSync(join(folder, 'phantoms/prompts.csv'), 'utf8').split('\n');
  const [x, y] = /(\d+)[ ,]+(\d+)/.exec(line.split('point')[1]).slice(1).map(Number);
  return { x, y };
}

async function served(folder) {
  const server = spawn(process.execPath, [program, 'serve', '--port', '0'], { cwd: folder });
  const url = await new Promise((resolve, reject) => {
    const look = (text) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(String(text));
      if (found) resolve(found[0]);
    };
    server.stdout.on('data', look);
    server.stderr.on('data', look);
    server.on('exit', () => reject(new Error('the server ended')));
  });
  return { url, end: () => server.kill() };
}

async function photograph(url, image, click) {
  const args = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];
  const browser = await chromium.launch({ executablePath: findChromium(), args });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
    await page.goto(url);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Open images' }).first().click();
    await (await chooser).setFiles(image);
    await page.locator('.engine-state.ready', { hasText: 'Ready' }).waitFor();
    const box = await page.locator('canvas.over').boundingBox();
    // The whole image is shown, in the middle of the canvas.
    const scale = Math.min(box.width / PHANTOM.width, box.height / PHANTOM.height);
    const left = box.x + (box.width - scale * PHANTOM.width) / 2;
    const top = box.y + (box.height - scale * PHANTOM.height) / 2;
    await page.mouse.click(left + scale * (click.x + 0.5), top + scale * (click.y + 0.5));
    await page.locator('.right .measure td').first().waitFor();
    await page.waitForTimeout(500);
    await write('annotator.png', await page.screenshot());
  } finally {
    await browser.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'samus-pictures-'));
mkdirSync(pictures, { recursive: true });
const { seed, width, height, kind } = PHANTOM;
samus(folder, 'phantom', 'phantoms', '--seed', seed, '--size', `${width}x${height}`, '--kind', kind);
const image = join(folder, `phantoms/phantom-${seed}.png`);
const click = clickOf(folder);
samus(folder, 'segment', image, '--point', `${click.x},${click.y}`, '--format', 'overlay', '--out', 'out');
await write('overlay.png', readFileSync(join(folder, `out/phantom-${seed}.overlay.png`)));
const server = await served(folder);
try {
  await photograph(server.url, image, click);
} finally {
  server.end();
  rmSync(folder, { recursive: true, force: true });
}
