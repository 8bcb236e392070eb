/** The tools: a column next to the image, on a phone a row below it. */
import {
  chooseTool,
  commitActive,
  LARGEST_BRUSH,
  SMALLEST_BRUSH,
  toggleEverything,
  toggleSign,
} from '../app/commands.js';
import {
  active,
  adding,
  brushRadius,
  engineStatus,
  opened,
  type Tool,
  takes,
  takesPrompts,
  tool,
} from '../app/state.js';
import { fitView, zoom } from '../app/viewing.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import type { IconName } from './icons.js';

const TOOLS: readonly (readonly [Tool & IconName, string])[] = [
  ['click', 'V'],
  ['box', 'B'],
  ['brush', 'D'],
  ['eraser', 'E'],
  ['calibrate', 'K'],
];

export function Toolbar() {
  const none = opened.value === null;
  const searching = engineStatus.value.phase === 'everything';
  const painting = tool.value === 'brush' || tool.value === 'eraser';
  return (
    <div class="toolbar" role="toolbar" aria-label={text.tools.title}>
      {TOOLS.map(([name, keys]) => (
        <Button
          key={name}
          label={text.tools[name]}
          icon={name}
          keys={keys}
          pressed={tool.value === name}
          disabled={none || (name === 'click' && !takes('points')) || (name === 'box' && !takes('box'))}
          onClick={() => chooseTool(name)}
        />
      ))}
      <hr />
      {tool.value === 'click' && (
        <Button
          label={`${text.tools.sign}: ${adding.value ? text.tools.add : text.tools.remove}`}
          icon={adding.value ? 'plus' : 'minus'}
          keys="T"
          pressed={!adding.value}
          disabled={none}
          onClick={toggleSign}
        />
      )}
      {painting && (
        <label class="brush-size" title={`${text.tools.size} (, .)`}>
          <span>{text.tools.pixels(brushRadius.value * 2)}</span>
          <input
            type="range"
            aria-label={text.tools.size}
            min={SMALLEST_BRUSH}
            max={Math.min(LARGEST_BRUSH, 40)}
            step={0.5}
            value={brushRadius.value}
            onInput={(event) => (brushRadius.value = event.currentTarget.valueAsNumber)}
          />
        </label>
      )}
      <Button
        label={searching ? text.everything.stop : takesPrompts.value ? text.everything.run : text.classMap.run}
        icon={searching ? 'close' : 'everything'}
        keys="A"
        disabled={none}
        onClick={toggleEverything}
      />
      <Button
        label={text.objects.commit}
        icon="check"
        keys="C"
        disabled={!active.value?.shape}
        onClick={commitActive}
      />
      <hr />
      <div class="fine">
        <Button label={text.view.zoomIn} icon="zoomIn" keys="+" disabled={none} onClick={() => zoom(1.25)} />
        <Button label={text.view.zoomOut} icon="zoomOut" keys="-" disabled={none} onClick={() => zoom(1 / 1.25)} />
      </div>
      <Button label={text.view.fit} icon="fit" keys="0" disabled={none} onClick={fitView} />
    </div>
  );
}
