/** The classes that objects may have: names, colours, and the one that new objects get. */
import { addClass, changeClass, removeClass, renameClass } from '../app/classes.js';
import { chooseClass } from '../app/commands.js';
import { classes, currentClass, nextClass } from '../app/state.js';
import type { ClassEntry } from '../document/types.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function ClassesPanel() {
  const all = classes.value;
  return (
    <section class="panel classes" aria-label={text.classes.title}>
      <header>
        <h2>{text.classes.title}</h2>
        <Button label={text.classes.add} icon="plus" disabled={nextClass.value === undefined} onClick={addClass} />
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
        onChange={(event) => changeClass(id, { color: event.currentTarget.value })}
      />
      <input
        class="grow"
        aria-label={text.classes.name(id)}
        value={name}
        maxLength={60}
        onChange={({ currentTarget }) => {
          currentTarget.value = renameClass(entry, currentTarget.value);
        }}
      />
      {!only && <Button label={text.classes.remove(name)} icon="close" onClick={() => void removeClass(entry)} />}
    </li>
  );
}
