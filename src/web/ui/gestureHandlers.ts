/** What clicks and drags on the canvas do with the current tool. */
import { contains } from '../../formats/runs.js';
import { chooseTool, click, drawBox, placeTick, proposalToAccept, stroke } from '../app/commands.js';
import { quietly } from '../app/edits.js';
import { togglePlay } from '../app/frames.js';
import { previewAt } from '../app/predictions.js';
import { adding, document, hover, opened, pointer, tool, view } from '../app/state.js';
import { panBy, zoom } from '../app/viewing.js';
import type { GestureHandlers } from '../canvas/gestures.js';
import { nearestPixel, pixelAt, toImage } from '../canvas/viewport.js';
import { select } from '../document/edit.js';
import { liveBox, liveStroke } from './scene.js';

type Place = readonly [x: number, y: number];

/** Shortest segment of a stroke, in CSS pixels. */
const STROKE_STEP = 1.5;

export const gestureHandlers: GestureHandlers = {
  dragMode: () => (opened.peek() && ['box', 'brush', 'eraser'].includes(tool.peek()) ? 'draw' : 'pan'),
  click(place, how) {
    const image = opened.peek()?.picture;
    const pixel = image && pixelAt(view.peek(), place, image);
    if (!pixel) return;
    hover.value = null;
    if (how.select) selectAt(pixel);
    else if (tool.peek() === 'click') click(pixel, adding.peek() !== how.opposite);
    else if (tool.peek() === 'calibrate') placeTick(pixel);
  },
  drawStart(place, opposite) {
    const image = opened.peek()?.picture;
    if (!image) return;
    if (tool.peek() === 'box') {
      const corner = nearestPixel(view.peek(), place, image);
      liveBox.value = [corner, corner];
    } else liveStroke.value = { path: [toImage(view.peek(), place)], erase: (tool.peek() === 'eraser') !== opposite };
  },
  drawMove(place) {
    const image = opened.peek()?.picture;
    if (!image) return;
    const [box, line] = [liveBox.peek(), liveStroke.peek()];
    if (box) liveBox.value = [box[0], nearestPixel(view.peek(), place, image)];
    else if (line) {
      const at = toImage(view.peek(), place);
      const [x, y] = line.path.at(-1)!;
      if (Math.hypot(at[0] - x, at[1] - y) * view.peek().scale < STROKE_STEP) return;
      liveStroke.value = { ...line, path: [...line.path, at] };
    }
  },
  drawEnd() {
    const [box, line] = [liveBox.peek(), liveStroke.peek()];
    liveBox.value = null;
    liveStroke.value = null;
    if (box) drawBox(...box);
    else if (line) stroke(line.path, line.erase);
  },
  drawCancel() {
    liveBox.value = null;
    liveStroke.value = null;
  },
  hover(place) {
    const image = opened.peek()?.picture;
    pointer.value = place && image ? toImage(view.peek(), place) : null;
    const pixel = (place && image && pixelAt(view.peek(), place, image)) ?? null;
    // No preview over a proposal, which a click would accept.
    previewAt(pixel && adding.peek() && proposalToAccept(pixel) ? null : pixel);
  },
  pan: panBy,
  zoom,
  tapSpace: togglePlay,
};

/** Selects the topmost object at a pixel, or deselects. */
function selectAt([x, y]: Place): void {
  const present = document.peek();
  if (!present) return;
  const hit = present.objects.filter(({ shape, hidden }) => shape && !hidden && contains(shape, x, y)).at(-1);
  quietly((before) => select(before, hit?.id ?? null));
  if (hit && tool.peek() === 'calibrate') chooseTool('click');
}
