/** The icons: strokes on a 24 × 24 grid, in the colour of the surrounding text. */
const PATHS = {
  click: 'M12 4v5M12 15v5M4 12h5M15 12h5M12 12h.01',
  box: 'M4 7V4h3M17 4h3v3M20 17v3h-3M7 20H4v-3M9 4h2M13 4h2M9 20h2M13 20h2M4 9v2M4 13v2M20 9v2M20 13v2',
  brush: 'M20 4 10 14M10 14c-3 0-4 2-4 4 0 1-1 2-2 2 4 1 8 0 8-4 0-1-1-2-2-2z',
  eraser: 'M14 5l5 5-8 8H8l-4-4 10-9zM9 9l6 6M4 20h16',
  calibrate: 'M4 8h16v8H4zM8 8v3M12 8v5M16 8v3',
  plus: 'M12 6v12M6 12h12',
  minus: 'M6 12h12',
  everything: 'M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z',
  undo: 'M8 5 4 9l4 4M4 9h9a6 6 0 0 1 0 12h-3',
  redo: 'M16 5l4 4-4 4M20 9h-9a6 6 0 0 0 0 12h3',
  open: 'M4 19V6h6l2 2h8v11zM12 17v-5M9.5 14 12 11.5 14.5 14',
  folder: 'M4 19V6h6l2 2h8v11z',
  masks: 'M4 5h16v14H4zM8 15c0-4 2-6 4-6s4 2 4 6z',
  sample: 'M12 4 4 20h16zM8.5 13c2 1.5 5 1.5 7 0',
  export: 'M12 4v11M8 11l4 4 4-4M5 20h14',
  help: 'M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.5h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  check: 'M5 12l5 5 9-10',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  eye: 'M3 12c3-5 6-7 9-7s6 2 9 7c-3 5-6 7-9 7s-6-2-9-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  eyeOff:
    'M4 4l16 16M6 7.500C5 8.500 4 10 3 12c3 5 6 7 9 7 1.500 0 3-.5 4.500-1.500M10 5.200c.7-.1 1.300-.2 2-.2 3 0 6 2 9 7-.6 1-1.200 1.900-1.900 2.600',
  play: 'M8 5l11 7-11 7z',
  pause: 'M9 5v14M15 5v14',
  previous: 'M14 6l-6 6 6 6',
  next: 'M10 6l6 6-6 6',
  close: 'M6 6l12 12M18 6 6 18',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  zoomIn: 'M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM14.500 14.500 20 20M10 7v6M7 10h6',
  zoomOut: 'M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM14.500 14.500 20 20M7 10h6',
  learn: 'M4 6c3-1 6-1 8 1 2-2 5-2 8-1v12c-3-1-6-1-8 1-2-2-5-2-8-1zM12 7v12',
  pacs: 'M4 5h16v5H4zM4 14h16v5H4zM7 7.500h.01M7 16.500h.01M11 7.500h6M11 16.500h6',
  send: 'M12 15V4M8 8l4-4 4 4M5 20h14',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  objects: 'M12 4l8 4-8 4-8-4zM4 12l8 4 8-4M4 16l8 4 8-4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
