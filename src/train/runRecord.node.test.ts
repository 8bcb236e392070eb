import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MetricsLog } from './runRecord.node.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'samus-metrics-'));
});
afterEach(() => rm(run, { recursive: true }));

describe('MetricsLog', () => {
  it('drops lines after the checkpoint, and a truncated line', async () => {
    const path = join(run, 'metrics.jsonl');
    await writeFile(path, '{"step":10,"loss":1}\n{"step":20,"loss":0.5}\n{"step":30,"loss":0.4}\n{"step":40,"lo');
    const log = await MetricsLog.open(run, 20);
    await log.add({ step: 25, loss: 0.3 });
    await log.close();
    expect(await readFile(path, 'utf8')).toBe('{"step":10,"loss":1}\n{"step":20,"loss":0.5}\n{"step":25,"loss":0.3}\n');
    expect(log.lines).toHaveLength(3);
    expect(await readdir(run)).toEqual(['metrics.jsonl']);
  });

  it('reports an unreadable file instead of treating it as empty', async () => {
    const path = join(run, 'metrics.jsonl');
    await mkdir(path);
    await expect(MetricsLog.open(run, 20)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', details: { path } });
    expect(await readdir(run)).toEqual(['metrics.jsonl']);
  });
});
