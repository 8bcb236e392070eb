/** The objects of the open image: selection, score, class, name and colour. */
import { beginObject, commitActive, deleteActive, goOnWith, renameObject } from '../app/commands.js';
import { quietly, step } from '../app/edits.js';
import { accept, discardProposals, proposals } from '../app/everything.js';
import {
  active,
  classes,
  colorOf,
  continued,
  document,
  type ObjectIdentity,
  objectsElsewhere,
  opened,
  takesPrompts,
} from '../app/state.js';
import { select, setClass, setColor, setHidden } from '../document/edit.js';
import type { Annotation } from '../document/types.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { stateOf } from './objectWords.js';

export function ObjectsPanel() {
  const objects = document.value?.objects ?? [];
  const object = active.value;
  return (
    <section class="panel objects" aria-label={text.objects.title}>
      <header>
        <h2>{text.objects.title}</h2>
        <Button label={text.objects.begin} icon="plus" keys="N" disabled={!opened.value} onClick={beginObject} />
      </header>
      {proposals.value.length > 0 && <Proposals />}
      {opened.value && objects.length + proposals.value.length === 0 && (
        <p class="quiet">{takesPrompts.value ? beginning() : text.classMap.noPrompts}</p>
      )}
      <ul>
        {objects.map((one) => (
          <Row key={one.id} object={one} current={one.id === object?.id} />
        ))}
        {objectsElsewhere.value.map((one) => (
          <RowElsewhere key={one.name} object={one} current={one.name === continued.value?.name} />
        ))}
      </ul>
      {object && <Details object={object} />}
    </section>
  );
}

/** What the next click starts on a frame without objects. */
const beginning = (): string => (continued.value ? text.frames.goOn(continued.value.name) : text.objects.none);

function Proposals() {
  const all = proposals.value;
  return (
    <div class="proposals">
      <p>
        <strong>{text.everything.proposals(all.length)}</strong> {text.everything.hint(all.length)}
      </p>
      <div class="row">
        <Button
          label={text.everything.acceptAll}
          caption={text.everything.acceptAll}
          icon="check"
          onClick={() => accept(all)}
        />
        <Button
          label={text.everything.discard}
          caption={text.everything.discard}
          icon="close"
          onClick={discardProposals}
        />
      </div>
    </div>
  );
}

function Row({ object, current }: { readonly object: Annotation; readonly current: boolean }) {
  const { id, name, hidden } = object;
  const state = stateOf(object);
  return (
    <li class={current ? 'current' : ''}>
      <button
        type="button"
        class="entry"
        aria-current={current}
        aria-label={text.objects.select(name, state)}
        onClick={() => quietly((present) => select(present, current ? null : id))}
      >
        <span class="swatch" style={{ background: colorOf(object) }} />
        <span class="entry-text">
          <span class="entry-name">{name}</span>
          <span class="entry-state" title={text.objects.scoreHelp}>
            {state}
          </span>
        </span>
      </button>
      <Button
        label={hidden ? text.objects.show(name) : text.objects.hide(name)}
        icon={hidden ? 'eyeOff' : 'eye'}
        pressed={hidden}
        onClick={() => quietly((present) => setHidden(present, id, !hidden))}
      />
    </li>
  );
}

/** An object of other frames: if it is chosen, the next prompt starts its mask on this one. */
function RowElsewhere({ object, current }: { readonly object: ObjectIdentity; readonly current: boolean }) {
  const { name } = object;
  return (
    <li class={current ? 'current elsewhere' : 'elsewhere'}>
      <button
        type="button"
        class="entry"
        aria-current={current}
        aria-label={text.objects.select(name, text.frames.elsewhere)}
        onClick={() => goOnWith(current ? null : object)}
      >
        <span class="swatch" style={{ background: colorOf(object) }} />
        <span class="entry-text">
          <span class="entry-name">{name}</span>
          <span class="entry-state">{text.frames.elsewhere}</span>
        </span>
      </button>
    </li>
  );
}

function Details({ object }: { readonly object: Annotation }) {
  const { id, name, classId } = object;
  return (
    <div class="details">
      <label class="field">
        <span>{text.objects.name}</span>
        <input value={name} maxLength={100} onChange={(event) => renameObject(id, event.currentTarget.value)} />
      </label>
      <div class="row fields">
        <label class="field">
          <span>{text.objects.class}</span>
          <select
            value={String(classId)}
            onChange={(event) => step((present) => setClass(present, id, Number(event.currentTarget.value)))}
          >
            {classes.value.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {one.id} · {one.name}
              </option>
            ))}
          </select>
        </label>
        <input
          type="color"
          aria-label={text.objects.color}
          title={text.objects.color}
          value={colorOf(object)}
          onChange={(event) => step((present) => setColor(present, id, event.currentTarget.value))}
        />
      </div>
      <div class="row">
        <Button
          label={text.objects.commit}
          caption={text.objects.commitShort}
          icon="check"
          keys="C"
          kind="primary"
          disabled={!object.shape}
          onClick={commitActive}
        />
        <Button label={text.objects.remove} icon="trash" keys="Delete" kind="danger" onClick={deleteActive} />
      </div>
    </div>
  );
}
