/** All user commands, shared by keys, buttons and the help overlay. A command that does not apply does nothing. */
import { contains } from '../../formats/runs.js';
import {
  addPoint,
  commit,
  paint,
  remove,
  removeLastPrompt,
  rename,
  select,
  setBox,
  setClass,
  setHidden,
  setRaw,
  withIdentity,
} from '../document/edit.js';
import { strokeMask } from '../document/stroke.js';
import { text } from '../text/en.js';
import { segmentAllClasses } from './classMap.js';
import { quietly, step, stepOnActive } from './edits.js';
import { move } from './entries.js';
import { accept, discardProposals, findEverything, proposalAt, stopEverything } from './everything.js';
import { dismiss, say } from './messages.js';
import {
  active,
  adding,
  anchor,
  brightness,
  brushRadius,
  classes,
  cleanMasks,
  continued,
  contrast,
  crosshair,
  currentClass,
  dialog,
  document,
  hover,
  multimask,
  type ObjectIdentity,
  objectsElsewhere,
  opened,
  showMeasures,
  showPreview,
  type Tool,
  takes,
  takesPrompts,
  ticks,
  tool,
} from './state.js';

export const SMALLEST_BRUSH = 0.5;
export const LARGEST_BRUSH = 100;

type Pixel = readonly [x: number, y: number];

export function chooseTool(next: Tool): void {
  if (!opened.peek()) return;
  if (next === 'box' && refuses('box')) return;
  tool.value = next;
  anchor.value = null;
  ticks.value = [];
  hover.value = null;
  if (next === 'calibrate') say(text.calibrate.begin);
}

/**
 * Applies the click tool. A positive click on a proposal accepts it, unless the click is inside the selected object.
 */
export function click([x, y]: Pixel, positive: boolean): void {
  const proposal = positive ? proposalToAccept([x, y]) : undefined;
  if (proposal) {
    accept([proposal]);
    return;
  }
  if (refuses('points')) return;
  if (!positive && !active.peek()) {
    say(text.objects.nothingToRemoveFrom);
    return;
  }
  stepOnActive((present, id) => addPoint(present, id, [x, y, positive ? 1 : 0], multimask.peek()));
}

/** Says what to do with a model that does not take a kind of prompt. @returns whether it is one */
function refuses(kind: 'points' | 'box'): boolean {
  if (takes(kind)) return false;
  say(takesPrompts.peek() ? text.tools.notTaken[kind] : text.classMap.noPrompts);
  return true;
}

/** The proposal that a click would accept. */
export function proposalToAccept([x, y]: Pixel): ReturnType<typeof proposalAt> {
  const shape = active.peek()?.shape;
  return shape && contains(shape, x, y) ? undefined : proposalAt([x, y]);
}

export function drawBox(a: Pixel, b: Pixel): void {
  const box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])] as const;
  if (box[0] === box[2] || box[1] === box[3] || refuses('box')) return;
  stepOnActive((present, id) => setBox(present, id, box, multimask.peek()));
}

/** A stroke along a path in image coordinates; 0.5 is the centre of the first pixel. */
export function stroke(path: readonly Pixel[], erase: boolean): void {
  const present = document.peek();
  if (!present) return;
  if (erase && !active.peek()) {
    say(text.objects.nothingToErase);
    return;
  }
  const mask = strokeMask(path, brushRadius.peek(), present.width, present.height);
  if (mask) stepOnActive((before, id) => paint(before, id, mask, erase));
}

/** Sets the first or second tick of the depth scale; after the second, a dialog asks for their distance. */
export function placeTick(pixel: Pixel): void {
  const next = ticks.peek().length >= 2 ? [pixel] : [...ticks.peek(), pixel];
  ticks.value = next;
  if (next.length === 2) {
    dismiss();
    dialog.value = 'calibrate';
  } else say(text.calibrate.second);
}

/** Starts or stops the search for everything. A model without prompts gives its classes instead. */
export function toggleEverything(): void {
  if (stopEverything()) return;
  void (takesPrompts.peek() ? findEverything() : segmentAllClasses());
}

/** Applies the current tool at the crosshair. */
export function actAtCrosshair(opposite: boolean): void {
  const at = crosshair.peek() ?? middle();
  if (!at) return;
  crosshair.value = at;
  const centre = [at[0] + 0.5, at[1] + 0.5] as const;
  const using = tool.peek();
  if (using === 'click') click(at, adding.peek() !== opposite);
  else if (using === 'brush') stroke([centre], opposite);
  else if (using === 'eraser') stroke([centre], !opposite);
  else if (using === 'calibrate') placeTick(at);
  else placeCorner(at);
}

/** Sets the first or second corner of a box with the keyboard. */
function placeCorner(at: Pixel): void {
  const first = anchor.peek();
  anchor.value = first ? null : at;
  if (first) drawBox(first, at);
  else say(text.box.second);
}

export function moveCrosshair(dx: number, dy: number): void {
  const open = opened.peek();
  const from = crosshair.peek() ?? middle();
  if (!open || !from) return;
  const hold = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  crosshair.value = [hold(from[0] + dx, open.picture.width), hold(from[1] + dy, open.picture.height)];
}

export function commitActive(): void {
  const object = active.peek();
  if (!object) return;
  if (object.shape) {
    step((present) => commit(present, object.id));
    continued.value = null;
    say(text.objects.committed(object.name));
  } else say(text.objects.emptyCommit);
}

export function beginObject(): void {
  quietly((present) => select(present, null));
  continued.value = null;
  anchor.value = null;
  say(text.objects.next);
}

/** Renames an object. The name of an object of other frames makes it the same object, of the same class. */
export function renameObject(id: string, name: string): void {
  const known = objectsElsewhere.peek().find((one) => one.name === name.trim());
  step((present) => (known ? withIdentity(present, id, known) : rename(present, id, name)));
}

/** Chooses an object of other frames, or none: the next prompt starts its mask on this frame. */
export function goOnWith(object: ObjectIdentity | null): void {
  quietly((present) => select(present, null));
  continued.value = object;
  if (object) say(text.frames.goOn(object.name));
}

export function deleteActive(): void {
  const object = active.peek();
  if (!object) return;
  step((present) => remove(present, object.id));
  say(text.objects.deleted(object.name));
}

export function removePrompt(): void {
  const object = active.peek();
  if (object) step((present) => removeLastPrompt(present, object.id));
}

export function toggleHidden(): void {
  const object = active.peek();
  if (object) quietly((present) => setHidden(present, object.id, !object.hidden));
}

export function toggleAllHidden(): void {
  const hide = document.peek()?.objects.some(({ hidden }) => !hidden) ?? false;
  quietly((present) => present.objects.reduce((all, { id }) => setHidden(all, id, hide), present));
}

/** Selects the next or previous object of the list. */
export function selectNext(by: 1 | -1): void {
  const present = document.peek();
  if (!present || present.objects.length === 0) return;
  const at = present.objects.findIndex(({ id }) => id === present.activeId);
  const count = present.objects.length;
  const object = present.objects[at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count]!;
  quietly((before) => select(before, object.id));
  say(text.objects.selected(object.name));
}

/** Sets the class of new objects and of the selected object. */
export function chooseClass(id: number): void {
  if (!classes.peek().some((one) => one.id === id)) return;
  currentClass.value = id;
  const object = active.peek();
  if (object) step((present) => setClass(present, object.id, id));
}

export function toggleSign(): void {
  adding.value = !adding.peek();
  say(adding.peek() ? text.tools.adds : text.tools.removes);
}

export function togglePreview(): void {
  showPreview.value = !showPreview.peek();
  hover.value = null;
}

/** Toggles cleaning for the selected object and for new ones. */
export function toggleClean(): void {
  const object = active.peek();
  const clean = object ? object.raw === true : !cleanMasks.peek();
  cleanMasks.value = clean;
  if (object) step((present) => setRaw(present, object.id, !clean));
  say(clean ? text.tools.cleanOn : text.tools.cleanOff);
}

export function toggleMeasures(): void {
  showMeasures.value = !showMeasures.peek();
}

export function resizeBrush(by: 1 | -1): void {
  const radius = brushRadius.peek();
  // By a fifth, at least by half a pixel.
  const next = Math.round((radius + by * Math.max(0.5, radius / 5)) * 2) / 2;
  brushRadius.value = Math.min(LARGEST_BRUSH, Math.max(SMALLEST_BRUSH, next));
}

export function resetLight(): void {
  brightness.value = 100;
  contrast.value = 100;
}

export const goNext = (): void => void move(1);
export const goBack = (): void => void move(-1);

/** Cancels what is in progress; otherwise deselects the object. */
export function cancel(): void {
  if (stopEverything()) return;
  if (anchor.peek() || ticks.peek().length > 0) {
    anchor.value = null;
    ticks.value = [];
  } else if (discardProposals()) return;
  else if (crosshair.peek()) crosshair.value = null;
  else {
    quietly((present) => select(present, null));
    continued.value = null;
  }
}

function middle(): Pixel | undefined {
  const open = opened.peek();
  return open ? [Math.floor(open.picture.width / 2), Math.floor(open.picture.height / 2)] : undefined;
}
