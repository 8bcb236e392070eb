/**
 * The list of images with their state, navigation, and the number of images with masks. Tab stops at one image only, and
 * arrow keys move to the others: nobody tabs through hundreds of them to the tools.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { SNIFF_BYTES, sniffFormat } from '../../formats/imageFormat.js';
import { goBack, goNext } from '../app/commands.js';
import { openEntry, removeAll, removeEntry } from '../app/entries.js';
import { carryPrompts, currentId, currentIndex, type Entry, entries } from '../app/state.js';
import { pictureCanvas } from '../canvas/pictureCanvas.js';
import { openFrame } from '../open/openImage.js';
import { text } from '../text/en.js';
import { Button, Check } from './Button.js';

export function FileList() {
  const all = entries.value;
  const at = currentIndex.value;
  const done = all.filter(({ shapes }) => shapes > 0).length;
  const progress = text.list.progress(
    done,
    all.reduce((sum, { shapeFrames }) => sum + shapeFrames, 0),
  );
  const focused = useSignal<string | null>(null);
  const stop = [focused.value, currentId.value].find((id) => all.some((entry) => entry.id === id)) ?? all[0]?.id;
  return (
    <section class="panel files" aria-label={text.list.title}>
      <header>
        <h2>{text.list.title}</h2>
        <div class="row">
          <Button label={text.list.previous} icon="previous" keys="[" disabled={at <= 0} onClick={goBack} />
          <Button label={text.list.next} icon="next" keys="]" disabled={at >= all.length - 1} onClick={goNext} />
          <Button
            label={text.list.clear}
            icon="trash"
            onClick={() => confirm(text.list.clearAsk) && void removeAll()}
          />
        </div>
      </header>
      <p class="quiet">
        {text.list.position(at + 1, all.length)} · {progress}
      </p>
      <progress value={done} max={Math.max(1, all.length)} aria-label={progress} />
      <Check label={text.list.carry} value={carryPrompts} onChange={(on) => (carryPrompts.value = on)} />
      <ol onKeyDown={moveFocus} onFocusOut={() => (focused.value = null)}>
        {all.map((entry) => (
          <Row
            key={entry.id}
            entry={entry}
            current={entry.id === currentId.value}
            stop={entry.id === stop}
            onFocus={() => (focused.value = entry.id)}
          />
        ))}
      </ol>
    </section>
  );
}

/** Up, Down, Home and End move the focus from image to image. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.entry')];
  const at = all.findIndex((one) => one.closest('li')?.contains(document.activeElement));
  const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all[Math.min(all.length - 1, Math.max(0, next))]?.focus();
}

interface RowProps {
  readonly entry: Entry;
  readonly current: boolean;
  /** Whether Tab stops here. */
  readonly stop: boolean;
  onFocus(): void;
}

function Row({ entry, current, stop, onFocus }: RowProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const { failure, objects, shapeFrames } = entry;
  const state = failure !== null ? text.list.failed : objects > 0 ? text.list.objects(objects, shapeFrames) : '';
  return (
    <li ref={row} class={current ? 'current' : ''} onFocusIn={onFocus}>
      <button
        type="button"
        class="entry"
        aria-current={current}
        tabIndex={stop ? 0 : -1}
        title={entry.path}
        onClick={() => void openEntry(entry.id)}
      >
        <Thumbnail file={entry.file} />
        <span class="entry-text">
          <span class="entry-name">{entry.name}</span>
          <span class={`entry-state ${failure !== null ? 'failed' : ''}`}>{state}</span>
        </span>
      </button>
      <Button
        label={text.list.remove(entry.name)}
        icon="close"
        tabIndex={stop ? 0 : -1}
        onClick={() => void removeEntry(entry.id)}
      />
    </li>
  );
}

/** Side of thumbnails in pixels, for screens of two pixels per CSS pixel. */
const THUMBNAIL = 64;
/** One at a time: decoding takes the memory of the whole image, which an `img` would keep. */
let drawing: Promise<void> = Promise.resolve();

/** A small copy of an image, drawn when it becomes visible. */
function Thumbnail({ file }: { readonly file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    let gone = false;
    const observer = new IntersectionObserver((changes) => {
      if (!changes.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      drawing = drawing.then(() => (gone ? undefined : drawThumbnail(element, file)));
    });
    observer.observe(element);
    return () => {
      gone = true;
      observer.disconnect();
    };
  }, [file]);
  return <canvas ref={canvas} class="thumbnail" width={THUMBNAIL} height={THUMBNAIL} />;
}

/** DICOM is decoded by the page's worker, first frame only: the browser would read the whole file in vain. */
async function pictureOf(file: File): Promise<ImageBitmap | OffscreenCanvas> {
  const head = new Uint8Array(await file.slice(0, SNIFF_BYTES).arrayBuffer());
  if (sniffFormat(head)?.id !== 'dicom') return createImageBitmap(file);
  return pictureCanvas((await openFrame(file)).image, new AbortController().signal);
}

async function drawThumbnail(canvas: HTMLCanvasElement, file: File): Promise<void> {
  try {
    const picture = await pictureOf(file);
    const side = Math.min(picture.width, picture.height);
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    canvas.getContext('2d')?.drawImage(picture, left, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
    if (picture instanceof ImageBitmap) picture.close();
    else picture.width = 0;
  } catch {
    // Not an image that the browser decodes: the place stays dark.
  }
}
