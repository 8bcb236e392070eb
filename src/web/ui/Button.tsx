/** The small controls that every panel uses. */
import type { ReadonlySignal } from '@preact/signals';
import { Icon, type IconName } from './icons.js';

interface Props {
  readonly label: string;
  readonly icon?: IconName;
  /** Shown next to the icon; without it, the label is for tooltips and screen readers only. */
  readonly caption?: string;
  readonly keys?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly kind?: 'plain' | 'primary' | 'danger';
  /** Submits its form. */
  readonly submit?: boolean;
  readonly tabIndex?: number;
  onClick?(): unknown;
}

/** A button with an icon, a caption or both; the tooltip names its key. */
export function Button({
  label,
  icon,
  caption,
  keys,
  pressed,
  disabled,
  kind = 'plain',
  submit,
  tabIndex,
  onClick,
}: Props) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={`button ${kind}${caption ? '' : ' square'}`}
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      aria-pressed={pressed}
      disabled={disabled}
      tabIndex={tabIndex}
      onClick={() => void onClick?.()}
    >
      {icon && <Icon name={icon} />}
      {caption && <span>{caption}</span>}
    </button>
  );
}

interface CheckProps {
  readonly label: string;
  readonly title?: string;
  readonly value: ReadonlySignal<boolean>;
  onChange(checked: boolean): void;
}

/** A checkbox that shows a signal. */
export function Check({ label, title, value, onChange }: CheckProps) {
  return (
    <label class="check" title={title}>
      <input type="checkbox" checked={value.value} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
