/** The classes of objects: names, colours, and the class that new objects get. */
import { type Signal, useSignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { addClass, changeClass, removeClass, renameClass } from '../app/classes.js';
import { chooseClass } from '../app/commands.js';
import { classes, currentClass, nextClass } from '../app/state.js';
import type { ClassEntry } from '../document/types.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function ClassesPanel() {
  const all = classes.value;
  // On phones the panel exists twice: radio buttons of the same name would form one group.
  const group = useId();
  const fresh = useSignal<number | null>(null);
  return (
    <section class="panel classes" aria-label={text.classes.title}>
      <header>
        <h2>{text.classes.title}</h2>
        <Button
          label={text.classes.add}
          icon="plus"
          disabled={nextClass.value === undefined}
          onClick={() => (fresh.value = addClass() ?? null)}
        />
      </header>
      <ul aria-label={text.classes.current}>
        {all.map((one) => (
          <Row key={one.id} entry={one} only={all.length === 1} group={group} fresh={fresh} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  readonly entry: ClassEntry;
  readonly only: boolean;
  readonly group: string;
  /** The class that was just added: its name gets the focus. */
  readonly fresh: Signal<number | null>;
}

function Row({ entry, only, group, fresh }: RowProps) {
  const { id, name, color } = entry;
  const field = useRef<HTMLInputElement>(null);
  // A layout effect, so that no letter typed right away is lost.
  useLayoutEffect(() => {
    if (fresh.peek() !== id) return;
    fresh.value = null;
    field.current?.focus();
    field.current?.select();
  }, [fresh, id]);
  return (
    <li>
      <input
        type="radio"
        name={group}
        aria-label={name}
        checked={currentClass.value === id}
        onChange={() => chooseClass(id)}
      />
      <input
        type="color"
        aria-label={text.classes.color(id)}
        value={color}
        onChange={(event) => changeClass(id, { color: event.currentTarget.value })}
      />
      <input
        ref={field}
        class="grow"
        aria-label={text.classes.name(id)}
        value={name}
        maxLength={60}
        onKeyDown={({ key, currentTarget }) => {
          // Leave the field, so that keys are shortcuts again.
          if (key === 'Enter') currentTarget.blur();
        }}
        onChange={({ currentTarget }) => {
          currentTarget.value = renameClass(entry, currentTarget.value);
        }}
      />
      {!only && <Button label={text.classes.remove(name)} icon="close" onClick={() => void removeClass(entry)} />}
    </li>
  );
}
