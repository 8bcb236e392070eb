/**
 * Turns pointer events (mouse, pen, touch) into clicks, drags, pans and zooms. Two fingers always pan and zoom. Of the
 * tools it knows only whether they draw.
 */
type Place = readonly [x: number, y: number];

/** What a drag with the main button does. */
type DragMode = 'pan' | 'draw';

export interface GestureHandlers {
  dragMode(): DragMode;
  /** `opposite`: right button, or Alt or Ctrl held; `select`: Shift held. */
  click(place: Place, how: { readonly opposite: boolean; readonly select: boolean }): void;
  drawStart(place: Place, opposite: boolean): void;
  drawMove(place: Place): void;
  drawEnd(): void;
  drawCancel(): void;
  /** The pointer moved without a button; null if it left. */
  hover(place: Place | null): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, place: Place): void;
  /** Space was pressed and released, and nothing was dragged meanwhile. */
  tapSpace(): void;
}

/** Longer is a hold. */
const LONGEST_TAP_MS = 500;

/** How far a click may move, in CSS pixels: a fingertip rolls more than a mouse or a pen. */
const tremble = ({ pointerType }: PointerEvent): number => (pointerType === 'touch' ? 10 : 5);

/**
 * Starts listening.
 * @returns a function that stops it
 */
export function followPointers(element: HTMLElement, handlers: GestureHandlers): () => void {
  const down = new Map<number, Place>();
  let mode: 'none' | 'pending' | 'pan' | 'draw' | 'pinch' = 'none';
  let begin: Place = [0, 0];
  let buttonDown = 0;
  let spaceHeld = false;
  /** When Space was pressed; null once it is more than a tap. */
  let tapBegan: number | null = null;
  const ending = new AbortController();
  const options = { signal: ending.signal };

  const placeOf = (event: MouseEvent): Place => {
    const frame = element.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const isOpposite = (event: MouseEvent): boolean => buttonDown === 2 || event.altKey || event.ctrlKey;

  element.addEventListener(
    'pointerdown',
    (event) => {
      tapBegan = null;
      element.focus({ preventScroll: true });
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, placeOf(event));
      if (down.size === 2) {
        if (mode === 'draw') {
          handlers.drawCancel();
          handlers.hover(null);
        }
        mode = 'pinch';
        return;
      }
      if (down.size > 2 || mode !== 'none') return;
      begin = placeOf(event);
      buttonDown = event.button;
      if (event.button === 1 || spaceHeld) mode = 'pan';
      else if (handlers.dragMode() === 'draw' && !event.shiftKey) {
        mode = 'draw';
        handlers.drawStart(begin, isOpposite(event));
      } else mode = 'pending';
      event.preventDefault();
    },
    options,
  );

  element.addEventListener(
    'pointermove',
    (event) => {
      const place = placeOf(event);
      const before = down.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== 'touch') handlers.hover(place);
        return;
      }
      if (mode === 'pinch') pinch(event.pointerId, place);
      else if (mode === 'pan') handlers.pan(place[0] - before[0], place[1] - before[1]);
      else if (mode === 'draw') {
        // Use all positions since the last event, so that fast strokes stay smooth.
        const all = event.getCoalescedEvents?.() ?? [];
        for (const one of all.length > 0 ? all : [event]) handlers.drawMove(placeOf(one));
        handlers.hover(place);
      } else if (mode === 'pending' && Math.hypot(place[0] - begin[0], place[1] - begin[1]) > tremble(event)) {
        mode = 'pan';
        handlers.pan(place[0] - begin[0], place[1] - begin[1]);
      }
      down.set(event.pointerId, place);
    },
    options,
  );

  const end = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId)) return;
    const cancelled = event.type === 'pointercancel';
    if (mode === 'pending' && !cancelled) {
      handlers.click(begin, { opposite: isOpposite(event), select: event.shiftKey });
    } else if (mode === 'draw') {
      if (cancelled) handlers.drawCancel();
      else handlers.drawEnd();
    }
    // After a pinch, ignore the remaining finger until it is lifted.
    if (mode !== 'pinch' || down.size === 0) mode = 'none';
  };
  element.addEventListener('pointerup', end, options);
  element.addEventListener('pointercancel', end, options);
  element.addEventListener('pointerleave', () => handlers.hover(null), options);
  element.addEventListener('contextmenu', (event) => event.preventDefault(), options);
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      // Wheel in lines or pixels, or a pinch on a touchpad: at most a factor of two per event.
      const step = event.deltaY * (event.deltaMode === 1 ? 16 : 1) * (event.ctrlKey ? 4 : 1);
      handlers.zoom(2 ** Math.max(-1, Math.min(1, -step / 400)), placeOf(event));
    },
    { ...options, passive: false },
  );
  // Works wherever the focus is: a tool button keeps it after a click. Buttons and fields still receive Space.
  const space = (event: KeyboardEvent): void => {
    if (event.key !== ' ') return;
    spaceHeld = event.type === 'keydown' && document.querySelector('dialog[open]') === null;
    const isFree = document.activeElement === element || !isUsedBy(document.activeElement);
    if (event.type === 'keyup') {
      if (tapBegan !== null && event.timeStamp - tapBegan < LONGEST_TAP_MS) handlers.tapSpace();
      tapBegan = null;
    } else if (!event.repeat) tapBegan = spaceHeld && isFree ? event.timeStamp : null;
    element.classList.toggle('panning', spaceHeld);
    if (document.activeElement === element) event.preventDefault();
  };
  addEventListener('keydown', space, options);
  addEventListener('keyup', space, options);
  // The key may be released while another window has the focus.
  addEventListener(
    'blur',
    () => {
      spaceHeld = false;
      tapBegan = null;
      element.classList.remove('panning');
    },
    options,
  );
  return () => ending.abort();

  function pinch(id: number, place: Place): void {
    const other = [...down].find(([key]) => key !== id)?.[1];
    const before = down.get(id)!;
    if (!other) return;
    const middle = (a: Place, b: Place): Place => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const distance = (a: Place): number => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    const [from, to] = [middle(before, other), middle(place, other)];
    handlers.pan(to[0] - from[0], to[1] - from[1]);
    handlers.zoom(distance(place) / distance(before), to);
  }
}

/** Whether an element does something of its own on Space; a slider does not. */
const isUsedBy = (element: Element | null): boolean =>
  element?.matches('button, select, textarea, summary, a, input:not([type=range])') ?? false;
