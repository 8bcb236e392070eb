/** The classes that objects may have: names, colours, and the one that new objects get. */
import { chooseClass } from '../app/commands.js';
import { workOn } from '../app/entries.js';
import { say } from '../app/messages.js';
import { classes, currentClass, entries } from '../app/state.js';
import { freeClass, LAST_CLASS, PALETTE } from '../document/palette.js';
import type { ClassEntry } from '../document/types.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

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
        onChange={({ currentTarget }) => rename(entry, currentTarget)}
      />
      {!only && <Button label={text.classes.remove(name)} icon="close" onClick={() => void removeClass(entry)} />}
    </li>
  );
}

function change(id: number, fields: Partial<ClassEntry>): void {
  classes.value = classes.value.map((one) => (one.id === id ? { ...one, ...fields } : one));
}

/** Two classes of one name would be one in the files of other programs. */
function rename({ id, name }: ClassEntry, field: HTMLInputElement): void {
  const wanted = field.value.trim() || name;
  const taken = classes.value.some((one) => one.id !== id && one.name === wanted);
  if (taken) say(text.classes.taken(wanted));
  field.value = taken ? name : wanted;
  change(id, { name: field.value });
}

function addClass(): void {
  const all = classes.value;
  const id = freeClass(all);
  if (id === undefined) return;
  const color = PALETTE[(id - 1) % PALETTE.length]!;
  classes.value = [...all, { id, name: text.classes.fallback(id), color }].sort((a, b) => a.id - b.id);
  currentClass.value = id;
}

/** Only if no image of the list has an object of it: its number will be that of another class. */
async function removeClass({ id, name }: ClassEntry): Promise<void> {
  for (const entry of entries.value) {
    const work = await workOn(entry);
    if (work?.objects.some(({ classId }) => classId === id)) {
      say(text.classes.inUse(name, entry.name));
      return;
    }
  }
  classes.value = classes.value.filter((one) => one.id !== id);
  if (currentClass.value === id) currentClass.value = classes.value[0]!.id;
}
