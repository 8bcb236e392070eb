/**
 * docs/pacs.md as a reader follows it: the page's commands as one script, with a real Orthanc that holds a study.
 */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { blocksOf, ROOT } from '../support/docs.js';
import { hasOrthanc, startOrthanc } from '../support/orthanc.js';
import { filesIn, newFolder, removeFolder } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

const hasStorescu = spawnSync('storescu', ['--version']).error === undefined;

it.skipIf(!(hasOrthanc && hasStorescu) && !process.env.CI)(
  'docs/pacs.md runs (needs Debian orthanc-dicomweb, dcmtk)',
  async () => {
    const folder = newFolder();
    const orthanc = await startOrthanc({ dimse: true });
    try {
      const client = dicomWeb(orthanc.url);
      await client.store(readFileSync(join(ROOT, 'test/fixtures/dicom/palette-2frames.dcm')));
      // The small model answers in the place of the bundled one.
      const model = await writeTinyModel(folder);
      const program = `"${process.execPath}" "${join(ROOT, 'dist/cli/main.js')}"`;
      mkdirSync(join(folder, 'bin'));
      const shim = `#!/bin/sh\n[ "$1" = segment ] && exec ${program} "$@" --model "${model}"\nexec ${program} "$@"\n`;
      writeFileSync(join(folder, 'bin', 'samus'), shim);
      chmodSync(join(folder, 'bin', 'samus'), 0o755);
      const script = blocksOf('docs/pacs.md')
        .map(({ code }) => code)
        .join('')
        .replaceAll('http://localhost:8042', orthanc.home)
        .replaceAll('localhost 4242', `127.0.0.1 ${orthanc.dicomPort}`);
      const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
      const { stdout, stderr } = await promisify(execFile)('bash', ['-euc', script], { cwd: folder, env });
      expect(stderr).not.toMatch(/Phantom|PHANTOM/);
      expect(stdout).toContain('3 stored, 0 already there, 0 failed');
      expect(filesIn(folder).filter((path) => /^scans\/[\d.]+\.dcm$/.test(path))).toHaveLength(1);
      const [study] = await client.studies({ ModalitiesInStudy: 'SEG' });
      expect([...(study?.modalities ?? [])].sort()).toEqual(['SEG', 'SR', 'US']);
      expect(study?.instances).toBe(4);
    } finally {
      await orthanc.stop();
      removeFolder(folder);
    }
  },
);
