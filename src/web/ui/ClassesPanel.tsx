/** The classes that objects may have: names, colours, and the one that new objects get. */
import { chooseClass } from '../app/commands.js';
import { say } from '../app/messages.js';
import { classes, currentClass, document } from '../app/state.js';
import { PALETTE } from '../document/palette.js';
import type { ClassEntry } from '../document/types.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

const LAST_CLASS = 255;

export function ClassesPanel() {
  const all = classes.value;
  return (
    <section class="panel classes" aria-label={text.classes.title}>
      <header>
        <h2>{text.classes.title}</h2>
        <Button label={text.classes.add} icon="plus" disabled={all.length >= LAST_CLASS} onClick={addClass} />
      </header>
      <ul aria-label={text.classes.current}>
        {all.map((one) => (
          <Row key={one.id} entry={one} only={all.length === 1} />
        ))}
      </ul>
    </section>
  );
}

function Row({ entry, only }: { readonly entry: ClassEntry; readonly only: boolean }) {
  const { id, name, color } = entry;
  return (
    <li>
      <input
        type="radio"
        name="class"
        aria-label={name}
        checked={currentClass.value === id}
        onChange={() => chooseClass(id)}
      />
      <input
        type="color"
        aria-label={text.classes.color(id)}
        value={color}
        onChange={(event) => change(id, { color: event.currentTarget.value })}
      />
      <input
        class="grow"
        aria-label={text.classes.name(id)}
        value={name}
        maxLength={60}
        onChange={(event) => change(id, { name: event.currentTarget.value.trim() || name })}
      />
      {!only && <Button label={text.classes.remove(name)} icon="close" onClick={() => removeClass(entry)} />}
    </li>
  );
}

function change(id: number, fields: Partial<ClassEntry>): void {
  classes.value = classes.value.map((one) => (one.id === id ? { ...one, ...fields } : one));
}

function addClass(): void {
  const used = new Set(classes.value.map(({ id }) => id));
  const id = Array.from({ length: LAST_CLASS }, (_, i) => i + 1).find((n) => !used.has(n)) ?? LAST_CLASS;
  const color = PALETTE[(id - 1) % PALETTE.length]!;
  classes.value = [...classes.value, { id, name: text.classes.fallback(id), color }].sort((a, b) => a.id - b.id);
  currentClass.value = id;
}

function removeClass({ id, name }: ClassEntry): void {
  if (document.value?.objects.some(({ classId }) => classId === id)) {
    say(text.classes.inUse(name));
    return;
  }
  classes.value = classes.value.filter((one) => one.id !== id);
  if (currentClass.value === id) currentClass.value = classes.value[0]!.id;
}
