/**
 * The keyboard shortcuts: one table for the key listener and the help overlay. Letters work everywhere except in
 * fields; arrows and Enter work on the canvas only, so that buttons and lists keep theirs. A control that was used with
 * the pointer does not keep the keys.
 */
import { text } from '../text/en.js';
import {
  actAtCrosshair,
  beginObject,
  cancel,
  chooseClass,
  chooseTool,
  commitActive,
  deleteActive,
  goBack,
  goNext,
  moveCrosshair,
  removePrompt,
  resetLight,
  resizeBrush,
  selectNext,
  toggleAllHidden,
  toggleClean,
  toggleEverything,
  toggleHidden,
  toggleMeasures,
  togglePreview,
  toggleSign,
} from './commands.js';
import { redoStep, undoStep } from './edits.js';
import { goToEnd, goToFrame, stepFrames } from './frames.js';
import { openFiles, openFolder, openMasks } from './pickers.js';
import { crosshair, dialog } from './state.js';
import { actualSize, fitView, follow, zoom } from './viewing.js';

export interface Binding {
  /** Like `KeyboardEvent.key`, prefixed with `Shift+`, `Alt+` and `Mod+` (Ctrl, or ⌘ on a Mac). */
  readonly keys: readonly string[];
  readonly label: string;
  readonly group: keyof typeof text.help.groups;
  /** Only while the canvas has the focus. */
  readonly canvas?: boolean;
  run(): void;
}

const CROSSHAIR_LEAP = 10;
const FRAMES_LEAP = 10;

const arrows = (leap: number, prefix: string): Binding[] =>
  (
    [
      ['ArrowLeft', -1, 0],
      ['ArrowRight', 1, 0],
      ['ArrowUp', 0, -1],
      ['ArrowDown', 0, 1],
    ] as const
  ).map(([key, dx, dy]) => ({
    keys: [prefix + key],
    label: leap === 1 ? text.help.crosshair : text.help.crosshairFast,
    group: 'canvas',
    canvas: true,
    run: () => {
      moveCrosshair(dx * leap, dy * leap);
      const at = crosshair.peek();
      if (at) follow(at);
    },
  }));

const classKeys = Array.from(
  { length: 9 },
  (_, i): Binding => ({
    keys: [String(i + 1)],
    label: text.help.classNumber,
    group: 'objects',
    run: () => chooseClass(i + 1),
  }),
);

export const BINDINGS: readonly Binding[] = [
  { keys: ['v'], label: text.tools.click, group: 'tools', run: () => chooseTool('click') },
  { keys: ['b'], label: text.tools.box, group: 'tools', run: () => chooseTool('box') },
  { keys: ['d'], label: text.tools.brush, group: 'tools', run: () => chooseTool('brush') },
  { keys: ['e'], label: text.tools.eraser, group: 'tools', run: () => chooseTool('eraser') },
  { keys: ['k'], label: text.tools.calibrate, group: 'tools', run: () => chooseTool('calibrate') },
  { keys: ['t'], label: text.help.sign, group: 'tools', run: toggleSign },
  { keys: [','], label: text.help.brushSmaller, group: 'tools', run: () => resizeBrush(-1) },
  { keys: ['.'], label: text.help.brushLarger, group: 'tools', run: () => resizeBrush(1) },
  { keys: ['a'], label: text.help.everything, group: 'tools', run: toggleEverything },
  { keys: ['g'], label: text.help.clean, group: 'tools', run: toggleClean },
  { keys: ['p'], label: text.help.preview, group: 'tools', run: togglePreview },
  ...arrows(1, ''),
  ...arrows(CROSSHAIR_LEAP, 'Shift+'),
  { keys: ['Enter'], label: text.help.act, group: 'canvas', canvas: true, run: () => actAtCrosshair(false) },
  {
    keys: ['Shift+Enter'],
    label: text.help.actOpposite,
    group: 'canvas',
    canvas: true,
    run: () => actAtCrosshair(true),
  },
  { keys: ['Backspace'], label: text.help.removePrompt, group: 'canvas', run: removePrompt },
  { keys: ['Escape'], label: text.help.cancel, group: 'canvas', run: cancel },
  { keys: ['c'], label: text.objects.commit, group: 'objects', run: commitActive },
  { keys: ['n'], label: text.objects.begin, group: 'objects', run: beginObject },
  { keys: ['w'], label: text.help.previousObject, group: 'objects', run: () => selectNext(-1) },
  { keys: ['s'], label: text.help.nextObject, group: 'objects', run: () => selectNext(1) },
  { keys: ['x'], label: text.help.hide, group: 'objects', run: toggleHidden },
  { keys: ['Shift+X'], label: text.help.hideAll, group: 'objects', run: toggleAllHidden },
  { keys: ['Delete'], label: text.objects.remove, group: 'objects', run: deleteActive },
  ...classKeys,
  { keys: ['Mod+z'], label: text.history.undo, group: 'work', run: undoStep },
  { keys: ['Mod+Shift+Z', 'Mod+y'], label: text.history.redo, group: 'work', run: redoStep },
  { keys: ['o'], label: text.open.files, group: 'work', run: openFiles },
  { keys: ['Shift+O'], label: text.open.folder, group: 'work', run: openFolder },
  { keys: ['i'], label: text.open.masks, group: 'work', run: openMasks },
  { keys: ['Mod+s'], label: text.exports.open, group: 'work', run: () => show('export') },
  { keys: ['l'], label: text.learn.title, group: 'work', run: () => show('learn') },
  { keys: [']', 'PageDown'], label: text.list.next, group: 'work', run: goNext },
  { keys: ['[', 'PageUp'], label: text.list.previous, group: 'work', run: goBack },
  { keys: ['Mod+ArrowRight'], label: text.frames.next, group: 'frames', run: () => void stepFrames(1) },
  { keys: ['Mod+ArrowLeft'], label: text.frames.previous, group: 'frames', run: () => void stepFrames(-1) },
  { keys: ['Mod+Shift+ArrowRight'], label: text.frames.leap, group: 'frames', run: () => void stepFrames(FRAMES_LEAP) },
  { keys: ['Mod+Shift+ArrowLeft'], label: text.frames.leap, group: 'frames', run: () => void stepFrames(-FRAMES_LEAP) },
  { keys: ['Home'], label: text.frames.first, group: 'frames', run: () => void goToFrame(1) },
  { keys: ['End'], label: text.frames.last, group: 'frames', run: () => void goToEnd() },
  { keys: ['+', '='], label: text.view.zoomIn, group: 'view', run: () => zoom(1.25) },
  { keys: ['-'], label: text.view.zoomOut, group: 'view', run: () => zoom(1 / 1.25) },
  { keys: ['0'], label: text.view.fit, group: 'view', run: fitView },
  { keys: ['Shift+)', 'Shift+0', 'f'], label: text.view.actual, group: 'view', run: actualSize },
  { keys: ['r'], label: text.view.resetLight, group: 'view', run: resetLight },
  { keys: ['m'], label: text.help.measures, group: 'view', run: toggleMeasures },
  { keys: ['?', 'F1'], label: text.help.open, group: 'view', run: () => show('help') },
];

function show(which: 'help' | 'export' | 'learn'): void {
  dialog.value = which;
}

/** No field uses these. */
const KEYS_IN_FIELDS: readonly string[] = ['Mod+s', 'F1'];

/** Starts listening. */
export function followKeys(canvasHasFocus: () => boolean): void {
  releaseKeys();
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    const free = KEYS_IN_FIELDS.includes(name);
    if (!free && isFieldOf(event)) return;
    if (document.querySelector('dialog[open]') !== null) {
      // The browser would save the page.
      if (free) event.preventDefault();
      return;
    }
    const binding = BINDINGS.find(({ keys, canvas }) => keys.includes(name) && (!canvas || canvasHasFocus()));
    if (!binding) return;
    event.preventDefault();
    binding.run();
  });
}

/**
 * Takes the focus from buttons, boxes and lists after they were used with the pointer, so that Space plays a clip and does
 * not use them again. Text fields and the controls of windows keep it.
 */
function releaseKeys(): void {
  let byPointer = false;
  addEventListener('pointerdown', () => (byPointer = true), { capture: true });
  addEventListener('keydown', () => (byPointer = false), { capture: true });
  const release = (controls: string) => (): void => {
    const control = document.activeElement;
    if (byPointer && control instanceof HTMLElement && control.matches(controls) && !control.closest('dialog')) {
      control.blur();
    }
  };
  addEventListener('click', release('button'));
  // A click opens lists and colour pickers, which a change closes.
  addEventListener('change', release('select, input:is([type=checkbox], [type=radio], [type=color])'));
}

/** A name such as `Mod+Shift+Z`. Shift is included for letters, for 0, and for keys without a character. */
function nameOf({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): string {
  const letter = /^[a-z]$/i.test(key);
  const shifted = shiftKey && (letter || key.length > 1 || key === ')' || key === '0');
  // Ignore Caps Lock.
  const name = letter ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
  return `${ctrlKey || metaKey ? 'Mod+' : ''}${altKey ? 'Alt+' : ''}${shifted ? 'Shift+' : ''}${name}`;
}

/** Whether the focused element uses the key itself. */
function isFieldOf({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement) {
    // A slider keeps the focus after dragging; it does not use letters.
    if (target.type === 'range') return key.startsWith('Page') || key === 'Home' || key === 'End';
    return !['checkbox', 'radio', 'button'].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
