/** "Learn from my corrections": explanation, requirements, progress and outcome. */
import { LEAST_EXAMPLES, LEAST_GAINED } from '../../train/adapt.js';
import { backToBundled, putToUse } from '../app/adaptedModel.js';
import {
  correctedReady,
  downloadModel,
  examplesReady,
  type Learning,
  learn,
  learned,
  learning,
  learningFailure,
  stopLearning,
} from '../app/learning.js';
import { adapted, adaptedInUse, dialog } from '../app/state.js';
import type { AdaptedModel } from '../storage/adaptedStore.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';

export function LearnDialog() {
  const now = learning.value;
  const have = examplesReady.value;
  const corrected = correctedReady.value;
  const missing = LEAST_EXAMPLES - have;
  const failure = learningFailure.value;
  const outcome = learned.value;
  const kept = adapted.value?.model;
  return (
    <Dialog title={text.learn.title}>
      <p>
        {text.learn.what} {text.learn.private}
      </p>
      <p class={missing > 0 ? 'warn' : 'quiet'}>
        {missing > 0 ? text.learn.missing(missing, have) : text.learn.ready(have)}{' '}
        {missing <= 0 && corrected > 0 && text.learn.partlyCorrected(corrected)}
      </p>
      {missing <= 0 && corrected === 0 && <p class="warn">{text.learn.uncorrected}</p>}
      <p role="status" class="visually-hidden">
        {now ? spoken(now) : outcome ? verdict(outcome) : ''}
      </p>
      {now && <Progress now={now} />}
      {failure && (
        <p role="alert" class="warn">
          {failure.text} {failure.hint}
        </p>
      )}
      <div class="row">
        {/* One button, so that the focus stays where it is. */}
        <Button
          label={now ? text.learn.stop : outcome ? text.learn.again : text.learn.start}
          caption={now ? text.learn.stop : outcome ? text.learn.again : text.learn.start}
          icon={now ? 'close' : 'learn'}
          kind={now || outcome ? 'plain' : 'primary'}
          disabled={!now && missing > 0}
          onClick={() => (now ? stopLearning() : void learn())}
        />
      </div>
      {outcome && <Outcome model={outcome} />}
      {kept && kept !== outcome && <Kept model={kept} />}
    </Dialog>
  );
}

function Progress({ now }: { readonly now: Learning }) {
  const { stage, done, total, loss, secondsLeft } = now;
  const parts = [
    total === 0 ? '' : text.learn.step(done, total),
    loss === null ? '' : text.learn.loss(loss),
    secondsLeft === null ? '' : text.learn.left(secondsLeft),
  ];
  return (
    <div class="learning">
      <p>{text.learn.stages[stage]}</p>
      <progress aria-label={text.learn.stages[stage]} {...(total === 0 ? {} : { value: done, max: total })} />
      <p class="quiet">{parts.filter((part) => part !== '').join(' · ')}</p>
    </div>
  );
}

function Outcome({ model }: { readonly model: AdaptedModel }) {
  const { before, after, gain, corrected, better, trained, heldOut } = model;
  const rows = [
    [text.learn.heldOut, before.heldOut, after.heldOut],
    [text.learn.phantoms, before.phantoms, after.phantoms],
  ] as const;
  return (
    <section class="outcome">
      <h3>{verdict(model)}</h3>
      <table>
        <caption>{text.learn.scores}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">{text.learn.before}</th>
            <th scope="col">{text.learn.after}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([what, old, fresh]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{old.toFixed(3)}</td>
              <td>{fresh.toFixed(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        {text.learn.counts(trained, heldOut)} {text.learn.few}
      </p>
      {gain && (
        <p>
          {text.learn.difference}:{' '}
          {text.learn.gain(signed(gain.mean), gain.ci95 && [signed(gain.ci95[0]), signed(gain.ci95[1])])}.{' '}
          {gain.ci95 && gain.ci95[0] <= 0 && gain.ci95[1] >= 0 && text.learn.chance}
        </p>
      )}
      {corrected === 0 && <p class="warn">{text.learn.learnedUncorrected}</p>}
      <Choices model={model} allowed={better} />
    </section>
  );
}

/** With a sign; a true minus sign. */
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

function Kept({ model }: { readonly model: AdaptedModel }) {
  const used = adaptedInUse.value === model;
  return (
    <section class="outcome">
      <h3>{text.learn.kept}</h3>
      <p>{used ? text.learn.keptInUse(model.name) : text.learn.keptNotInUse(model.name)}</p>
      <Choices model={model} allowed />
    </section>
  );
}

/** Buttons for an adapted model; `allowed` says whether it can be used. */
function Choices({ model, allowed }: { readonly model: AdaptedModel; readonly allowed: boolean }) {
  const used = adaptedInUse.value === model;
  const label = used ? text.learn.bundled : text.learn.use;
  const download = model.better ? text.learn.download : text.learn.downloadWorse;
  return (
    <div class="row">
      {allowed && (
        <Button
          label={label}
          caption={label}
          kind={used ? 'plain' : 'primary'}
          onClick={() => void (used ? backToBundled() : putToUse(model))}
        />
      )}
      <Button
        label={`${download}: ${text.learn.downloadHelp}`}
        caption={download}
        icon="export"
        onClick={() => void downloadModel(model)}
      />
    </div>
  );
}

function verdict({ better, from, before, after }: AdaptedModel): string {
  if (better) return text.learn.better;
  return after.heldOut - before.heldOut >= LEAST_GAINED ? text.learn.forgot(from) : text.learn.notBetter(from);
}

/** In steps of 10 %, so that a screen reader does not talk all the time. */
function spoken({ stage, done, total }: Learning): string {
  if (total === 0) return text.learn.stages[stage];
  const tenths = Math.floor((10 * done) / total);
  return `${text.learn.stages[stage]}: ${10 * tenths} %`;
}

/** The panel that opens the window. */
export function LearnPanel() {
  const now = learning.value;
  const open = (): void => {
    dialog.value = 'learn';
  };
  return (
    <section class="panel learn" aria-label={text.learn.title}>
      <header>
        <h2>{text.learn.title}</h2>
      </header>
      {now && (
        <p class="quiet">
          {text.learn.stages[now.stage]}: {text.learn.step(now.done, now.total)}
        </p>
      )}
      <div class="row">
        <Button label={text.learn.title} caption={text.learn.open} icon="learn" keys="L" onClick={open} />
      </div>
    </section>
  );
}
