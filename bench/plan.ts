/**
 * The list of measurements, and which of them take turns.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Answer, Child } from './childProcess.js';
import type { Numbers, Running, Subject } from './turns.js';

export interface PlanOptions {
  readonly threads: number;
  /** How often each process of this project is started. */
  readonly starts: number;
  /** Names, or parts of names before a dot; empty: all. */
  readonly only: readonly string[];
  readonly reference?: ReferenceOptions;
}

export interface ReferenceOptions {
  /** A checkout of the published SAMUS. */
  readonly folder: string;
  readonly python: string;
  /** The folder for the exported model of several hundred megabytes. */
  readonly scratch: string;
}

export interface Phase {
  readonly name: 'encoders' | 'decoders' | 'training' | 'whole training' | 'page';
  readonly subjects: readonly Subject[];
  /** Number of rounds, if it does not depend on the options. */
  readonly rounds?: number;
}

/** Among the sources, two folders above the built file. */
const REFERENCE_PROGRAM = fileURLToPath(new URL('../../bench/reference.py', import.meta.url));
const PAGE_PROGRAM = fileURLToPath(new URL('./pageChild.js', import.meta.url));
const CHILD_PROGRAM = fileURLToPath(new URL('./child.js', import.meta.url));

/** Phases run one after the other: all processes at once would need twice the memory. */
export function plan(options: PlanOptions): Phase[] {
  const { reference, threads } = options;
  const ours = (kind: string, model: string, starts = options.starts): Subject => ({
    name: kind === 'matmul' ? kind : `${model}.${kind}`,
    starts,
    start: () => startOwn(kind, model, threads),
  });
  const theirs = (what: string, how: string) =>
    reference ? [referenceSubject(`reference.${how}.${what}`, `${what} ${how}`, reference, threads)] : [];
  const phases: Phase[] = [
    {
      name: 'encoders',
      subjects: [
        ours('matmul', '', 1),
        ours('encode', 'samus_b'),
        ...theirs('encode', 'torch_fp32'),
        ...(reference ? [exportSubject('reference.onnx_export.encode', reference, threads)] : []),
        ours('encode', 'samus_b_int8'),
        ...theirs('encode', 'torch_bf16'),
        ours('encode', 'sam_b'),
        ours('encode', 'samus_s'),
      ],
    },
    {
      name: 'decoders',
      subjects: [
        ours('decode', 'samus_b'),
        ...theirs('decode', 'torch_fp32'),
        ours('decode', 'sam_b'),
        ours('decode', 'samus_s'),
      ],
    },
    {
      // The encoder again, because the training step is compared with it.
      name: 'training',
      subjects: [ours('train', 'samus_b', 1), ours('encode', 'samus_b', 1), ...theirs('train', 'torch_fp32')],
    },
    // 10 GB and half a minute per step. Only its memory matters.
    { name: 'whole training', subjects: [ours('train', 'sam_b', 1)], rounds: 1 },
    { name: 'page', subjects: [{ name: 'page', starts: options.starts, start: startPage }] },
  ];
  return phases.map((phase) => ({ ...phase, subjects: chosen(phase, options.only) })).filter(hasMore);
}

function chosen({ name, subjects }: Phase, only: readonly string[]): readonly Subject[] {
  if (only.length === 0) return subjects;
  const asked = subjects.filter((subject) => only.some((o) => subject.name === o || subject.name.startsWith(`${o}.`)));
  // The share of the matrix-product rate needs the rate; a training step needs the encoder for comparison.
  if (asked.length === 0) return [];
  const needed = name === 'encoders' ? 'matmul' : name === 'training' ? 'samus_b.encode' : '';
  return subjects.filter((subject) => subject.name === needed || asked.includes(subject));
}

/** Whether a phase has more subjects than those that others are compared with. */
function hasMore({ name, subjects }: Phase): boolean {
  return name === 'training' ? subjects.some((subject) => subject.name.endsWith('.train')) : subjects.length > 0;
}

/** Versions of Python and PyTorch. @throws Error if one is missing */
export async function referenceVersions(options: ReferenceOptions, threads: number): Promise<Answer> {
  const child = startReference(options, threads);
  try {
    return await child.ask('info');
  } finally {
    await child.close();
  }
}

async function startOwn(kind: string, subject: string, threads: number): Promise<Running> {
  const child = new Child(process.execPath, [CHILD_PROGRAM, kind, subject, String(threads)], true);
  return ready(child, 'run', await child.answer());
}

async function startPage(): Promise<Running> {
  const child = new Child(process.execPath, [PAGE_PROGRAM], true);
  return ready(child, 'run', await child.answer());
}

function startReference({ folder, python }: ReferenceOptions, threads: number): Child {
  return new Child(python, [REFERENCE_PROGRAM, folder, '--threads', String(threads)]);
}

function referenceSubject(name: string, command: string, options: ReferenceOptions, threads: number): Subject {
  return { name, starts: 1, start: async () => ready(startReference(options, threads), command, {}) };
}

/** The published encoder, exported by PyTorch without changes, on the same ONNX Runtime. */
function exportSubject(name: string, options: ReferenceOptions, threads: number): Subject {
  const path = join(options.scratch, 'encoder.onnx');
  const start = async () => {
    const child = startReference(options, threads);
    try {
      await child.ask(`export ${path}`);
    } finally {
      await child.close();
    }
    return startOwn('file', path, threads);
  };
  return { name, starts: 1, start };
}

function ready(child: Child, command: string, facts: Answer): Running {
  return { facts: numbersOf(facts), run: async () => numbersOf(await child.ask(command)), stop: () => child.close() };
}

function numbersOf(answer: Answer): Numbers {
  const entries = Object.entries(answer);
  return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : [])));
}
