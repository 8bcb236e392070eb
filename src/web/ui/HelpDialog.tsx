/** The help overlay: all shortcuts, from the table of keyboard.ts. */
import { BINDINGS, type Binding } from '../app/keyboard.js';
import { text } from '../text/en.js';
import { Dialog } from './Dialog.js';

/** Keys with the same label share a line. */
interface Line {
  readonly label: string;
  readonly keys: readonly string[];
}

export function HelpDialog() {
  const groups = Object.keys(text.help.groups) as Binding['group'][];
  return (
    <Dialog title={text.help.title} wide>
      <p>{text.help.intro}</p>
      <div class="help-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{text.help.groups[group]}</h3>
            <dl>
              {linesOf(group).map(({ label, keys }) => (
                <div key={label}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

const SYMBOLS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Mod: 'Ctrl',
  'Shift+)': 'Shift+0',
};

function linesOf(group: Binding['group']): readonly Line[] {
  const lines = new Map<string, string[]>();
  for (const { keys, label } of BINDINGS.filter((binding) => binding.group === group)) {
    const written = keys.map(written_);
    lines.set(label, [...new Set([...(lines.get(label) ?? []), ...written])]);
  }
  if (group === 'view') lines.set(text.help.space, ['Space']);
  if (group === 'frames') lines.set(text.help.tap, ['Space']);
  return [...lines].map(([label, keys]) => ({ label, keys: shortened(keys) }));
}

function written_(key: string): string {
  const whole = SYMBOLS[key];
  if (whole) return whole;
  const parts = key.length > 1 ? key.split('+').filter((part) => part !== '') : [key];
  return parts.map((part) => SYMBOLS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join('+');
}

/** Shows 1 to 9 as a range. */
const shortened = (keys: readonly string[]): readonly string[] =>
  keys.length === 9 && keys[0] === '1' ? ['1 – 9'] : keys;
