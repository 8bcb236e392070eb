/**
 * Measurements of the selected object, as taken with callipers: in pixels, and in millimetres where the scale is known.
 */
import { chooseTool } from '../app/commands.js';
import { step } from '../app/edits.js';
import { measurementOf, spacingOf } from '../app/measurements.js';
import { active, document, opened, showMeasures } from '../app/state.js';
import { setScale } from '../document/edit.js';
import { text } from '../text/en.js';
import { Button, Check } from './Button.js';

export function MeasurePanel() {
  const shape = active.value?.shape;
  const set = document.value?.scale ?? null;
  const { scale, why } = shape ? spacingOf(shape) : { scale: set, why: null };
  const found = shape ? measurementOf(shape) : null;
  const { px, px2, mm, mm2 } = text.measure;
  const rows = [
    [text.measure.area, found?.areaPx, found?.areaMm2, px2, mm2],
    [text.measure.longest, found?.longestDiameterPx, found?.longestDiameterMm, px, mm],
    [text.measure.shortest, found?.shortestDiameterPx, found?.shortestDiameterMm, px, mm],
    [text.measure.perimeter, found?.perimeterPx, found?.perimeterMm, px, mm],
  ] as const;
  return (
    <section class="panel measure" aria-label={text.measure.title}>
      <header>
        <h2>{text.measure.title}</h2>
      </header>
      {!shape && <p class="quiet">{text.measure.none}</p>}
      {shape && (
        <table>
          <tbody>
            {rows.map(([name, pixels, millimetres, unit, unitMm]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{pixels === undefined ? '…' : `${rounded(pixels)} ${unit}`}</td>
                <td>{millimetres === undefined ? '' : `${rounded(millimetres)} ${unitMm}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found && found.parts > 1 && <p>{text.measure.parts(found.parts)}</p>}
      <p class="quiet">
        {scale
          ? text.measure[scale.origin === 'file' ? 'scaleFile' : 'scaleSet'](spacing(scale.mm))
          : why !== null
            ? text.measure.whyNot(why)
            : measuresByPlace()
              ? text.measure.byPlace
              : text.measure.noScale}
      </p>
      <div class="row">
        <Button
          label={text.tools.calibrate}
          caption={text.tools.calibrate}
          icon="calibrate"
          keys="K"
          disabled={!opened.value}
          onClick={() => chooseTool('calibrate')}
        />
        {set?.origin === 'calibrated' && (
          <Button
            label={text.measure.forgetScale}
            icon="close"
            onClick={() => step((present) => setScale(present, fileScale()))}
          />
        )}
      </div>
      <Check label={text.measure.show} value={showMeasures} onChange={(on) => (showMeasures.value = on)} />
    </section>
  );
}

/** Whether the file specifies millimetres for some parts of the image. */
const measuresByPlace = (): boolean =>
  opened.value?.file.dicom?.calibration.regions.some(({ measures }) => measures) ?? false;

function fileScale() {
  const mm = opened.value?.picture.spacingMm;
  return mm ? ({ mm, origin: 'file' } as const) : null;
}

/** Three or four significant digits, which is as precise as calliper measurements are. Pixel counts stay whole. */
export function rounded(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const digits = value >= 1000 ? 0 : value >= 100 ? 1 : 2;
  return value.toFixed(digits);
}

export function spacing([x, y]: readonly [number, number]): string {
  const short = (value: number): string => Number(value.toPrecision(3)).toString();
  return short(x) === short(y) ? short(x) : `${short(x)} × ${short(y)}`;
}
