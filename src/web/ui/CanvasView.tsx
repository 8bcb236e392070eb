/**
 * The stage: two canvases, pointer events, and the state without an image. Connects the signals to canvas/painter.ts
 * and canvas/gestures.ts.
 */
import { effect, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isAbort } from '../app/messages.js';
import { brightness, contrast, dialog, opened, previewed, shownPicture, tool, view } from '../app/state.js';
import { fitView, resizeCanvas } from '../app/viewing.js';
import { followPointers } from '../canvas/gestures.js';
import { drawPicture, drawScene } from '../canvas/painter.js';
import { pictureCanvas } from '../canvas/pictureCanvas.js';
import { followPixelRatio } from '../canvas/pixelRatio.js';
import type { OpenedFile } from '../open/imageContract.js';
import { text } from '../text/en.js';
import { CanvasState } from './CanvasState.js';
import { gestureHandlers } from './gestureHandlers.js';
import { MessageBar } from './MessageBar.js';
import { currentScene } from './scene.js';
import { Timeline } from './Timeline.js';

/** Arrow keys move a crosshair here; the role makes screen readers pass them on. */
const KEYS_ACT_HERE = { role: 'application', tabIndex: 0 } as const;

export function CanvasView({ focus }: { readonly focus: RefObject<HTMLCanvasElement | null> }) {
  const base = useRef<HTMLCanvasElement>(null);
  const picture = useSignal<OffscreenCanvas | null>(null);

  useEffect(() => {
    let making = new AbortController();
    let file: OpenedFile | undefined;
    return effect(() => {
      const open = opened.value ?? previewed.value;
      making.abort();
      making = new AbortController();
      const { signal } = making;
      // Its memory is freed at once, not by a later garbage collection.
      const replace = (canvas: OffscreenCanvas | null): void => {
        const before = picture.peek();
        picture.value = canvas;
        if (before) before.width = 0;
      };
      const { width, height } = open?.picture ?? {};
      // A frame replaces the one before it when it is drawn, in the same view.
      const isNext = open?.file === file && picture.peek()?.width === width && picture.peek()?.height === height;
      file = open?.file;
      if (!isNext) replace(null);
      if (!open) return;
      if (!isNext) fitView();
      pictureCanvas(open.picture.image, signal).then(
        (canvas) => {
          if (!signal.aborted) replace(canvas);
        },
        (error) => {
          if (!isAbort(error)) throw error;
        },
      );
    });
  }, [picture]);

  useEffect(() => {
    const element = focus.current!;
    const fit = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      for (const { current } of [base, focus]) {
        current!.width = Math.round(width * devicePixelRatio);
        current!.height = Math.round(height * devicePixelRatio);
      }
      resizeCanvas({ width, height });
      // Resizing a canvas clears it.
      view.value = { ...view.peek() };
    };
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    const endRatio = followPixelRatio(fit);
    const endPointers = followPointers(element, gestureHandlers);
    return () => {
      observer.disconnect();
      endRatio();
      endPointers();
    };
  }, [focus]);

  useEffect(() => {
    const context = base.current!.getContext('2d')!;
    return effect(() => {
      const [source, now] = [picture.value, view.value];
      drawPicture(context, source, now);
    });
  }, [picture]);

  useEffect(() => {
    const context = focus.current!.getContext('2d')!;
    let frame = 0;
    const end = effect(() => {
      const [scene, now] = [currentScene.value, view.value];
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => drawScene(context, scene, now));
    });
    return () => {
      cancelAnimationFrame(frame);
      end();
    };
  }, [focus]);

  const open = opened.value;
  const shown = shownPicture.value;
  const light = `brightness(${brightness.value}%) contrast(${contrast.value}%)`;
  return (
    <main class="stage">
      <div class="picture">
        <canvas ref={base} style={{ filter: light }} />
        <canvas
          ref={focus}
          class={`over tool-${tool.value}`}
          {...KEYS_ACT_HERE}
          aria-label={shown ? text.view.canvas(shown.name) : text.open.begin}
        />
        <CanvasState />
        {/* Above the timeline, and in a window where one is open (Dialog.tsx). */}
        {dialog.value === null && <MessageBar />}
      </div>
      {open && open.file.frames > 1 && <Timeline open={open} />}
    </main>
  );
}
