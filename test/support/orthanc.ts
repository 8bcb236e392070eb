/**
 * A real PACS for tests: Debian's Orthanc with its DICOMweb plugin, on a free port of the loopback address, with its data
 * in a folder of its own. It ends with whoever started it, even if that is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './freePort.js';

const PROGRAM = '/usr/sbin/Orthanc';
const PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

export const hasOrthanc = existsSync(PROGRAM) && existsSync(PLUGIN);

export interface Orthanc {
  /** Of DICOMweb. */
  readonly url: string;
  /** Of Orthanc's own interface. */
  readonly home: string;
  /** Of DIMSE, where asked for. */
  readonly dicomPort: number;
  stop(): Promise<void>;
}

/** Standard input is a pipe from the test: when the test ends, however it ends, `read` returns. */
const WATCH = `"$1" "$2/conf.json" >"$2/log" 2>&1 & child=$!; read -r _; kill "$child"; wait "$child"; rm -rf "$2"`;

/** Starts and the port may be taken meanwhile. */
const ATTEMPTS = 5;

interface OrthancOptions {
  /** Of the user `samus`; without it, everyone may do everything. */
  readonly password?: string;
  /** Whether it also speaks DIMSE, as ORTHANC. */
  readonly dimse?: boolean;
}

export async function startOrthanc({ password, dimse = false }: OrthancOptions = {}): Promise<Orthanc> {
  for (let attempt = 1; ; attempt++) {
    const [port, dicomPort] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), 'samus-orthanc-'));
    const settings = {
      ...{ StorageDirectory: folder, IndexDirectory: folder, HttpPort: port, RemoteAccessAllowed: false },
      AuthenticationEnabled: password !== undefined,
      ...(password !== undefined && { RegisteredUsers: { samus: password } }),
      ...{ DicomServerEnabled: dimse, DicomPort: dicomPort, DicomAet: 'ORTHANC' },
      ...{ Plugins: [PLUGIN], DicomWeb: { Enable: true, Root: '/dicom-web/' } },
      OverwriteInstances: true,
    };
    writeFileSync(join(folder, 'conf.json'), JSON.stringify(settings));
    const child = spawn('sh', ['-c', WATCH, 'sh', PROGRAM, folder], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    const stop = async (): Promise<void> => {
      child.stdin.end();
      await ended;
    };
    const home = `http://127.0.0.1:${port}`;
    if (await answers(`${home}/system`, child, folder)) return { url: `${home}/dicom-web`, home, dicomPort, stop };
    const log = readFileSync(join(folder, 'log'), 'utf8');
    await stop();
    if (attempt === ATTEMPTS) throw new Error(`Orthanc does not start:\n${log}`);
  }
}

/** Whether it answers before it ends, within a minute. */
async function answers(url: string, child: ChildProcess, folder: string): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < 60_000; await delay(100)) {
    if (child.exitCode !== null) return false;
    const status = await fetch(url).then(
      (response) => response.status,
      () => undefined,
    );
    if (status !== undefined) return true;
    // It ends at once where the port is taken; its shell waits on.
    if (existsSync(join(folder, 'log')) && /Orthanc has stopped/.test(readFileSync(join(folder, 'log'), 'utf8'))) {
      return false;
    }
  }
  return false;
}
