import { afterEach, describe, expect, it, vi } from 'vitest';
import { SamusError } from '../errors.js';
import { asksForJson, finish, oneLine, reportError } from './run.js';

describe('asksForJson', () => {
  it('considers options only', () => {
    expect(asksForJson(['segment', 'a.png', '--json'])).toBe(true);
    expect(asksForJson(['segment', '--', '--json'])).toBe(false);
  });
});

it('prints text of files without codes for the terminal, each on its line', () => {
  const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  finish({ document: null, lines: ['a\u001b[2J\u0007\tb\u009b', 'ü 山'] });
  expect(printed).toHaveBeenCalledWith('a\ufffd[2J\ufffd\tb\ufffd\nü 山\n');
  printed.mockRestore();
  expect(oneLine('a\r\nb\u2028c')).toBe('a b c');
});

describe('reportError', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function report(error: unknown, json: boolean) {
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        printed[name] += String(text);
        return true;
      });
    }
    reportError(error, json);
    return printed;
  }

  it('prints a SamusError as message and hint, or as a document', () => {
    const error = new SamusError('USAGE', 'expected a, got b', 'give a', { n: 1 });
    expect(report(error, false)).toEqual({ stdout: '', stderr: 'error: expected a, got b\nhint: give a\n' });
    expect(JSON.parse(report(error, true).stdout)).toEqual({
      error: { code: 'USAGE', message: 'expected a, got b', hint: 'give a', details: { n: 1 } },
    });
  });

  it('recognises a full disk and missing memory', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(JSON.parse(report(full, true).stdout).error.code).toBe('DISK_FULL');
    for (const reason of ['Array buffer allocation failed', 'Invalid typed array length: 9007199254740991']) {
      expect(JSON.parse(report(new RangeError(reason), true).stdout).error.code).toBe('MACHINE_LIMIT');
    }
  });

  it('prints the stack of a bug, and still one document', () => {
    const { stdout, stderr } = report(new TypeError('x is not a function'), true);
    expect(stderr).toMatch(/this is a bug[\s\S]*TypeError: x is not a function[\s\S]*at /);
    expect(JSON.parse(stdout).error.code).toBe('INTERNAL');
  });
});
