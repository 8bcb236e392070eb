/** The small controls that every panel uses. */
import type { Signal } from '@preact/signals';
import { Icon, type IconName } from './icons.js';

interface Props {
  readonly label: string;
  readonly icon?: IconName;
  /** Shown beside the icon; without it the label is for tooltips and screen readers. */
  readonly caption?: string;
  readonly keys?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly kind?: 'plain' | 'primary' | 'danger';
  /** Submits the form that it is in. */
  readonly submit?: boolean;
  onClick?(): unknown;
}

/** A button with an icon, a caption or both; the tooltip names its key. */
export function Button({ label, icon, caption, keys, pressed, disabled, kind = 'plain', submit, onClick }: Props) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={`button ${kind}${caption ? '' : ' square'}`}
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={() => onClick?.()}
    >
      {icon && <Icon name={icon} />}
      {caption && <span>{caption}</span>}
    </button>
  );
}

/** A checkbox bound to a signal. */
export function Check({ label, value }: { readonly label: string; readonly value: Signal<boolean> }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={value.value}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
      <span>{label}</span>
    </label>
  );
}
