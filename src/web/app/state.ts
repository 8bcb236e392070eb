/**
 * The state of the annotator as signals: the list of images, the open image with its history, tools, view and engine.
 * Values only; the other files of this folder change them.
 */
import { computed, type Signal, signal } from '@preact/signals';
import type { PromptKind } from '../../models/architecture.js';
import type { Viewport } from '../canvas/viewport.js';
import { findObject } from '../document/edit.js';
import type { History } from '../document/history.js';
import { freeClass, PALETTE } from '../document/palette.js';
import type { Annotation, ClassEntry, ImageDocument, PackedMask } from '../document/types.js';
import type { EngineKind, EngineModel } from '../engine/engine.js';
import type { ExportFormat } from '../exports/exportContract.js';
import type { OpenedFile, OpenedImage } from '../open/imageContract.js';
import type { KeptModel } from '../storage/adaptedStore.js';
import type { SourceFolder } from '../storage/database.js';
import type { Saving } from '../storage/writeQueue.js';

/** An image of the list. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  /** Unique path from the opened folder on, with `/`; the file name if there was no folder. */
  readonly path: string;
  /** The path before it was numbered (listing.ts), if it was. */
  readonly foundAs?: string;
  readonly folder?: SourceFolder;
  readonly file: File;
  /** Pixel size of samples and of images of training sets, which is not in their files. */
  readonly spacingMm?: readonly [x: number, y: number];
  /** Content hash, under which annotations are stored. Null until the file is read. */
  readonly key: string | null;
  /** Number of objects with a mask; an object on several frames is one. */
  readonly objects: number;
  /** Number of masks, and of objects with prompts, finished, and finished with corrections; summed over frames. */
  readonly shapes: number;
  readonly asked: number;
  readonly committed: number;
  readonly corrected: number;
  /** Number of frames with masks, and of those with masks or prompts. */
  readonly shapeFrames: number;
  readonly workFrames: number;
  /** Why it cannot be opened. */
  readonly failure: { readonly text: string; readonly hint: string } | null;
}

/** The open frame of the open file. */
export interface Open {
  readonly entryId: string;
  /** Hash of the file. */
  readonly content: string;
  /** Names the frame, its work and its encoding (document/workKey.ts). */
  readonly key: string;
  readonly file: OpenedFile;
  readonly picture: OpenedImage;
}

/** What an object has in common on all frames of a file; its name identifies it. */
export type ObjectIdentity = Pick<Annotation, 'name' | 'classId' | 'color'>;

export type Tool = 'click' | 'box' | 'brush' | 'eraser' | 'calibrate';
export type Dialog = 'help' | 'export' | 'calibrate' | 'objects' | 'images' | 'learn' | 'pacs' | 'send';

/** State of the engine for the status line; `loaded` and `total` are in bytes. */
export type EngineStatus =
  | { readonly phase: 'none' | 'session' | 'encoding' | 'ready' | 'failed' }
  | { readonly phase: 'model'; readonly loaded: number; readonly total: number | null }
  | { readonly phase: 'everything'; readonly done: number; readonly total: number };

export interface Message {
  readonly tone: 'info' | 'error';
  readonly text: string;
  readonly hint: string;
  /** A button next to the text. */
  readonly action?: { readonly label: string; run(): void };
}

export const entries = signal<readonly Entry[]>([]);
export const opened = signal<Open | null>(null);
/** The first frame of a large file, which is shown while its content hash is computed. It cannot be edited yet. */
export const previewed = signal<Pick<Open, 'file' | 'picture'> | null>(null);
/** The picture on the stage. */
export const shownPicture = computed(() => (opened.value ?? previewed.value)?.picture ?? null);
/** The entry that is open or being opened. */
export const currentId = signal<string | null>(null);
export const history = signal<History<ImageDocument> | null>(null);

/** The work on each frame of the open file that has some, in order. */
export const frameWork = signal<ReadonlyMap<number, ImageDocument>>(new Map());
/** The object of another frame that the next prompt goes on with, unless it is on the open frame. It stays for Undo. */
export const continued = signal<ObjectIdentity | null>(null);
/** The objects of the open file that are not on the open frame, by their names. */
export const objectsElsewhere = computed((): readonly ObjectIdentity[] => {
  const here = new Set(document.value?.objects.map(({ name }) => name));
  const found = new Map<string, ObjectIdentity>();
  for (const { objects } of frameWork.value.values()) {
    for (const { name, classId, color } of objects) if (!here.has(name)) found.set(name, { name, classId, color });
  }
  return [...found.values()];
});
/** The frame that is being decoded, or null. */
export const frameComing = signal<number | null>(null);
/** Frames of the open file that could not be read. */
export const damagedFrames = signal<ReadonlySet<number>>(new Set());
export const playing = signal(false);

export const document = computed(() => history.value?.present ?? null);
export const active = computed(() =>
  document.value ? findObject(document.value, document.value.activeId) : undefined,
);
export const currentIndex = computed(() => entries.value.findIndex(({ id }) => id === currentId.value));

export const FIRST_CLASSES: readonly [ClassEntry] = [{ id: 1, name: 'object', color: PALETTE[0] }];
export const classes = signal<readonly ClassEntry[]>(FIRST_CLASSES);
/** Removed classes. Objects that use their numbers may come back. */
export const removedClasses = signal<readonly ClassEntry[]>([]);
/** The number of the next class, or undefined if all are taken. */
export const nextClass = computed(() => freeClass([...classes.value, ...removedClasses.value]));
/** The class of new objects. */
export const currentClass = signal(1);

export const tool = signal<Tool>('click');
/** Whether a click adds to the object or removes from it. */
export const adding = signal(true);
/** In pixels of the image. */
export const brushRadius = signal(6);
export const showPreview = signal(true);
export const showMeasures = signal(false);
/** Whether the patient of a DICOM file is shown. Never stored: off after each reload. */
export const showPatient = signal(false);
/** Ask for three masks on an ambiguous click and take the best. */
export const multimask = signal(false);
/** Fill holes of masks and keep the part under the clicks. For new objects; existing ones keep their setting. */
export const cleanMasks = signal(true);
export const carryPrompts = signal(false);

/** Percent. */
export const brightness = signal(100);
export const contrast = signal(100);
export const view = signal<Viewport>({ scale: 1, left: 0, top: 0 });
export const canvasSize = signal({ width: 0, height: 0 });

/** Where the pointer is, in pixels of the image; null: not on the canvas. */
export const pointer = signal<readonly [number, number] | null>(null);
/** The pixel that keys act on; shown after the first move. */
export const crosshair = signal<readonly [number, number] | null>(null);
/** First corner of a box set by keys, first tick of a calibration. */
export const anchor: Signal<readonly [number, number] | null> = signal(null);
/** The ticks of a calibration, while it is in progress. */
export const ticks: Signal<readonly (readonly [number, number])[]> = signal([]);
/** Preview of a click at the pointer. */
export const hover = signal<PackedMask | null>(null);

export const engineKind = signal<EngineKind>('browser');
/** The model that the user chose; null: the server's default. */
export const chosenModel = signal<string | null>(null);
/** The model adapted to the user's masks; only the browser's engine can run it. */
export const adapted = signal<KeptModel | null>(null);
export const adaptedInUse = computed(() => {
  const { inUse = false, model = null } = adapted.value ?? {};
  const chosen = chosenModel.value;
  return inUse && engineKind.value === 'browser' && (chosen === null || chosen === model?.from) ? model : null;
});
export const serverReachable = signal(false);
/** The models that the server offers. */
export const offeredModels = signal<readonly string[]>([]);
/** The model in use, once it is loaded. */
export const engineModel = signal<EngineModel | null>(null);
/** Whether the model answers clicks or boxes; assumed until it is known. */
export const takesPrompts = computed(() => (engineModel.value?.prompts.length ?? 1) > 0);
export const takes = (kind: PromptKind): boolean => engineModel.value?.prompts.includes(kind) ?? true;
export const engineStatus = signal<EngineStatus>({ phase: 'none' });
export const engineName = signal<{ readonly model: string; readonly provider: string } | null>(null);
/** The model is answering prompts. */
export const thinking = signal(false);

/** The format of the last export. */
export const exportFormat = signal<ExportFormat>('us30k');

export const message = signal<Message | null>(null);
/** Stays beside other messages until it is dismissed. */
export const warning = signal<Message | null>(null);
/** Summary of the files opened last; stays until it is dismissed. */
export const summary = signal<Message | null>(null);
export const dialog = signal<Dialog | null>(null);
/** Whether annotations are saved, being saved, or cannot be saved. */
export const saving = signal<Saving>('saved');

/** The colour of an object, or else of its class. */
export function colorOf(object: { readonly classId: number; readonly color?: string | null }): string {
  return object.color ?? classes.value.find(({ id }) => id === object.classId)?.color ?? PALETTE[0];
}
