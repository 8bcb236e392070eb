/**
 * The state of the annotator as signals: the list of images, the open image with its history, tools, view and engine.
 * Values only; the other files of this folder change them.
 */
import { computed, type Signal, signal } from '@preact/signals';
import type { Viewport } from '../canvas/viewport.js';
import { findObject } from '../document/edit.js';
import type { History } from '../document/history.js';
import { freeClass, PALETTE } from '../document/palette.js';
import type { ClassEntry, ImageDocument, PackedMask } from '../document/types.js';
import type { EngineKind } from '../engine/engine.js';
import type { ExportFormat } from '../exports/exportContract.js';
import type { OpenedImage } from '../open/imageContract.js';
import type { KeptModel } from '../storage/adaptedStore.js';
import type { SourceFolder } from '../storage/database.js';
import type { Saving } from '../storage/writeQueue.js';

/** An image of the list. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  /** From the folder on that was opened, with `/`; the name where there was none. No other entry has it. */
  readonly path: string;
  /** The path before it got a number (listing.ts), where it has one. */
  readonly foundAs?: string;
  readonly folder?: SourceFolder;
  readonly file: File;
  /** Of samples and images of training sets, whose files cannot say it. */
  readonly spacingMm?: readonly [x: number, y: number];
  /** Hash of the file's bytes: what its work is stored under. Null until it was read. */
  readonly key: string | null;
  /** Objects with a mask, those with clicks or a box, those that are done, and those of them that were corrected. */
  readonly shapes: number;
  readonly asked: number;
  readonly committed: number;
  readonly corrected: number;
  /** Why it cannot be opened. */
  readonly failure: { readonly text: string; readonly hint: string } | null;
}

/** The open image. */
export interface Open {
  readonly entryId: string;
  readonly key: string;
  readonly picture: OpenedImage;
}

export type Tool = 'click' | 'box' | 'brush' | 'eraser' | 'calibrate';
export type Dialog = 'help' | 'export' | 'calibrate' | 'objects' | 'images' | 'learn';

/** What the engine is at, for the status line; `loaded` and `total` in bytes. */
export type EngineStatus =
  | { readonly phase: 'none' | 'session' | 'encoding' | 'ready' | 'failed' }
  | { readonly phase: 'model'; readonly loaded: number; readonly total: number | null }
  | { readonly phase: 'everything'; readonly done: number; readonly total: number };

export interface Message {
  readonly tone: 'info' | 'error';
  readonly text: string;
  readonly hint: string;
  /** A button beside it. */
  readonly action?: { readonly label: string; run(): void };
}

export const entries = signal<readonly Entry[]>([]);
export const opened = signal<Open | null>(null);
/** The entry being opened or open. */
export const currentId = signal<string | null>(null);
export const history = signal<History<ImageDocument> | null>(null);

export const document = computed(() => history.value?.present ?? null);
export const active = computed(() =>
  document.value ? findObject(document.value, document.value.activeId) : undefined,
);
export const currentIndex = computed(() => entries.value.findIndex(({ id }) => id === currentId.value));

export const FIRST_CLASSES: readonly [ClassEntry] = [{ id: 1, name: 'object', color: PALETTE[0] }];
export const classes = signal<readonly ClassEntry[]>(FIRST_CLASSES);
/** Classes that were taken away; objects that hold their numbers may come back. */
export const removedClasses = signal<readonly ClassEntry[]>([]);
/** The number of the next class, or undefined if there is none left. */
export const nextClass = computed(() => freeClass([...classes.value, ...removedClasses.value]));
/** The class of new objects. */
export const currentClass = signal(1);

export const tool = signal<Tool>('click');
/** What a click means: part of the object or not. */
export const adding = signal(true);
/** In pixels of the image. */
export const brushRadius = signal(6);
export const showPreview = signal(true);
export const showMeasures = signal(false);
/** Ask for three masks at an ambiguous click and take the best. */
export const multimask = signal(false);
/** Fill the holes of masks and keep the part under the clicks: of new objects, those there keep their own setting. */
export const cleanMasks = signal(true);
export const carryPrompts = signal(false);

/** Percent. */
export const brightness = signal(100);
export const contrast = signal(100);
export const view = signal<Viewport>({ scale: 1, left: 0, top: 0 });
export const canvasSize = signal({ width: 0, height: 0 });

/** Where the pointer is, in pixels of the image; null: not on the canvas. */
export const pointer = signal<readonly [number, number] | null>(null);
/** The pixel that keys act on; shown once a key has moved it. */
export const crosshair = signal<readonly [number, number] | null>(null);
/** First corner of a box set by keys, first tick of a calibration. */
export const anchor: Signal<readonly [number, number] | null> = signal(null);
/** Both ticks, while the dialog asks for the distance. */
export const ticks: Signal<readonly (readonly [number, number])[]> = signal([]);
/** What a click at the pointer would give. */
export const hover = signal<PackedMask | null>(null);

export const engineKind = signal<EngineKind>('browser');
/** A model that learned from the person's masks; the browser's engine alone can run it. */
export const adapted = signal<KeptModel | null>(null);
export const adaptedInUse = computed(() =>
  adapted.value?.inUse && engineKind.value === 'browser' ? adapted.value.model : null,
);
export const serverReachable = signal(false);
export const engineStatus = signal<EngineStatus>({ phase: 'none' });
export const engineName = signal<{ readonly model: string; readonly provider: string } | null>(null);
/** Prompts are with the model. */
export const thinking = signal(false);

/** The format of the last export. */
export const exportFormat = signal<ExportFormat>('us30k');

export const message = signal<Message | null>(null);
/** Stays beside other messages until it is dismissed. */
export const warning = signal<Message | null>(null);
/** What the last files that were opened contain besides images; stays until it is dismissed. */
export const summary = signal<Message | null>(null);
export const dialog = signal<Dialog | null>(null);
/** Work is being written, is written, or cannot be. */
export const saving = signal<Saving>('saved');

/** The colour of an object or, with its class alone, of one that is about to be drawn. */
export function colorOf(object: { readonly classId: number; readonly color?: string | null }): string {
  return object.color ?? classes.value.find(({ id }) => id === object.classId)?.color ?? PALETTE[0];
}
