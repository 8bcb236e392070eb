/**
 * Finds the programs that tests run, Chromium for the page, dciodvfy for DICOM objects, Orthanc as a PACS and Redis, and installs
 * Debian's where that is possible without asking: on a machine with apt, as root, as containers run tests.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/** Names under which systems install it, in the order they are tried. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Where macOS and Windows put Chrome; their PATH does not know it. */
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  join(process.env.PROGRAMFILES ?? 'C:\\Program Files', 'Google', 'Chrome', 'Application', 'chrome.exe'),
];

/** The program that CHROMIUM_PATH names, else an installed one, else Playwright's own; undefined if there is none. */
export function findChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given) return given;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const installed = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...installed, ...PLACES, chromium.executablePath()].find(isExecutable);
}

/** Installs Debian's Chromium. @returns why it was not done, or undefined */
export function installChromium() {
  // Without fonts the screenshots would show boxes.
  return installPackages('Chromium', ['chromium', 'fonts-dejavu-core']) ?? (findChromium() ? undefined : NOTHING);
}

const NOTHING = 'apt-get installed none';

/** Whether the validator of DICOM objects is there. */
export function hasDciodvfy() {
  return spawnSync('dciodvfy', ['-version']).error === undefined;
}

/** Installs Debian's dicom3tools. @returns why it was not done, or undefined */
export function installDciodvfy() {
  return installPackages('dciodvfy', ['dicom3tools']) ?? (hasDciodvfy() ? undefined : NOTHING);
}

/** Whether the PACS is there, with its plugin for DICOMweb, and DCMTK's storescu, which docs/pacs.md sends files with. */
export function hasOrthanc() {
  const files = ['/usr/sbin/Orthanc', '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'];
  return files.every(existsSync) && spawnSync('storescu', ['--version']).error === undefined;
}

/** Installs Debian's Orthanc. @returns why it was not done, or undefined */
export function installOrthanc() {
  const packages = ['orthanc', 'orthanc-dicomweb', 'dcmtk'];
  return installPackages('Orthanc', packages) ?? (hasOrthanc() ? undefined : NOTHING);
}

/** Whether the server of queues is there. */
export function hasRedis() {
  return spawnSync('redis-server', ['--version']).error === undefined;
}

/** Installs Debian's Redis. @returns why it was not done, or undefined */
export function installRedis() {
  return installPackages('Redis', ['redis-server']) ?? (hasRedis() ? undefined : NOTHING);
}

function installPackages(title, packages) {
  if (process.platform !== 'linux' || spawnSync('apt-get', ['--version']).status !== 0) return 'there is no apt-get';
  if (process.getuid?.() !== 0) return 'only root may install it';
  console.log(`${title} is not installed: installing it by apt-get for the tests`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', ['-q', ...step], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) return `apt-get ${step[0]} failed`;
  }
  return undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
