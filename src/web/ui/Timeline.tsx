/** The frames of a clip below the picture: play, one frame on or back, and a slider over a strip that marks masks. */
import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { FrameClock } from '../app/frameClock.js';
import { goToFrame, stepFrames, togglePlay } from '../app/frames.js';
import { damagedFrames, frameComing, frameWork, type Open, playing } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

/** Frames with masks, as the list counts them. */
const marked = computed(() =>
  [...frameWork.value]
    .filter(([, { objects }]) => objects.some(({ shape, carried }) => shape !== null && !carried))
    .map(([frame]) => frame),
);

export function Timeline({ open }: { readonly open: Open }) {
  const { frames, timing } = open.file;
  const at = frameComing.value ?? open.picture.frame;
  const marks = marked.value;
  const damaged = damagedFrames.value;
  const clock = useMemo(() => new FrameClock(frames, timing), [frames, timing]);
  const seconds = (clock.startOf(at) / 1000).toFixed(2);
  const position = text.frames.position(at, frames);
  return (
    <section class="timeline" aria-label={text.frames.title}>
      <Button
        label={playing.value ? text.frames.pause : text.frames.play}
        icon={playing.value ? 'pause' : 'play'}
        keys="Space"
        onClick={togglePlay}
      />
      <Button
        label={text.frames.previous}
        icon="previous"
        keys="Ctrl+←"
        disabled={at === 1}
        onClick={() => void stepFrames(-1)}
      />
      <Button
        label={text.frames.next}
        icon="next"
        keys="Ctrl+→"
        disabled={at === frames}
        onClick={() => void stepFrames(1)}
      />
      <div class="track">
        <input
          type="range"
          aria-label={text.frames.slider}
          aria-valuetext={[
            position,
            ...(marks.includes(at) ? [text.frames.withMasks] : []),
            ...(damaged.has(at) ? [text.frames.isDamaged] : []),
          ].join(', ')}
          min={1}
          max={frames}
          value={at}
          onInput={(event) => void goToFrame(Number(event.currentTarget.value))}
        />
        <Strip frames={frames} marks={marks} damaged={[...damaged]} trim={timing?.trim} />
      </div>
      <span class="frame-position">
        {text.frames.short(at, frames)} <span class="quiet">{text.frames.time(seconds)}</span>
      </span>
    </section>
  );
}

/** Marks below the slider, where its thumb stands on their frames. */
function Strip({ frames, marks, damaged, trim }: StripProps) {
  const lines = (at: readonly number[]): string => at.map((frame) => `M${frame - 1} 0v1`).join('');
  const about = damaged.length === 0 ? [] : [text.frames.damagedFrames([...damaged].sort((a, b) => a - b))];
  const [first, last] = trim ?? [1, frames];
  return (
    <svg class="strip" viewBox={`0 0 ${frames - 1} 1`} preserveAspectRatio="none" role="img">
      <title>{[text.frames.marks(marks.length), ...about].join(' ')}</title>
      {first > 1 && <rect class="trimmed" width={first - 1} height={1} />}
      {last < frames && <rect class="trimmed" x={last - 1} width={frames - last} height={1} />}
      <path d={lines(marks)} />
      <path class="damaged" d={lines(damaged)} />
    </svg>
  );
}

interface StripProps {
  readonly frames: number;
  readonly marks: readonly number[];
  readonly damaged: readonly number[];
  /** The part that the file recommends to show. */
  readonly trim: readonly [first: number, last: number] | undefined;
}
