/** A button with an icon, a word, or both; its key stands in the tooltip. */
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
