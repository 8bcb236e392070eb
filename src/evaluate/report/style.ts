/**
 * How a report looks, in light and in dark, on a screen and on paper. No script: the switches for outlines are
 * checkboxes that the style looks at.
 */

/** Colours that people with colour blindness can distinguish, in light and dark variants. */
const SERIES = [
  ['#2563eb', '#6ea8fe'],
  ['#d9480f', '#ff9a5c'],
  ['#0f8a6d', '#45cfae'],
  ['#8b3fc4', '#c79bf2'],
  ['#a16207', '#e3b341'],
  ['#be185d', '#f48fb8'],
  ['#0e7490', '#5ac8e0'],
  ['#4d7c0f', '#a8d35a'],
] as const;

/** Number of different colours; further series begin again. */
export const SERIES_COUNT = SERIES.length;

const variables = (variant: 0 | 1): string => SERIES.map((colours, i) => `--s${i}:${colours[variant]};`).join('');

const LIGHT = `--page:#f5f6f8;--card:#fff;--ink:#17202c;--soft:#5c6878;--rule:#e2e6ec;--hover:#f3f6fb;--grid:#e6eaf0;--bad:#b42318;--badback:#fdecea;${variables(0)}color-scheme:light;`;
const DARK = `--page:#10151c;--card:#19202a;--ink:#e7ecf3;--soft:#98a5b6;--rule:#2b3542;--hover:#202936;--grid:#2a3441;--bad:#ff8f85;--badback:#3a1f1e;${variables(1)}color-scheme:dark;`;

/** The rules of everything inside a drawing. */
const CHART = `
.chart text{font-family:inherit;fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
.chart text.axis{font-size:11.5px}
.chart text.name{fill:var(--ink);font-size:12.5px}
.chart text.value{fill:var(--ink);font-size:12.5px}
.grid{stroke:var(--grid)}.zero{stroke:var(--soft);stroke-opacity:.55}
.limit{stroke:var(--soft);stroke-dasharray:4 4}.bias{stroke:var(--ink);stroke-width:1.4}
${SERIES.map((_, i) => `.s${i}{--c:var(--s${i})}`).join('')}
.series .bars{fill:var(--c);fill-opacity:.42}.series .box{fill:var(--c)}
.series .whisker{stroke:var(--c);stroke-width:1.3}.series .median{stroke:var(--card);stroke-width:2}
.series .mean{fill:var(--card);stroke:var(--c);stroke-width:1.5}
.dots circle{fill:var(--c);fill-opacity:.4}.disc{fill:var(--c);stroke:var(--card);stroke-width:1.4}
.curve{fill:none;stroke:var(--c);stroke-width:2.2;stroke-linejoin:round}.band{fill:var(--c);fill-opacity:.13}
`.trim();

/**
 * The rules for a drawing that is saved as a file, in light colours. Without variables: word processors and drawing
 * programs do not read them.
 */
export const DRAWING_STYLE = CHART.replace(/\.s\d+\{--c:[^}]*\}/g, '')
  .split('}')
  .flatMap((rule) => {
    if (!rule.includes('var(--c)')) return [rule];
    const own = /^\s*\.(?:series|dots)/.test(rule);
    return SERIES.map(([light], i) => `.s${i}${own ? '' : ' '}${rule.trim().replaceAll('var(--c)', light)}`);
  })
  .join('}')
  .replace(/var\((--\w+)\)/g, (_, name: string) => new RegExp(`${name}:([^;]+)`).exec(LIGHT)![1]!);

export const STYLE = `
:root{${LIGHT}--truth:#2fd6bd;--found:#ffab2e}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1160px;margin:0 auto;padding:36px 24px 64px}
h1{font-size:27px;line-height:1.2;margin:0 0 6px;letter-spacing:-.015em}
h2{font-size:18px;margin:0 0 4px;letter-spacing:-.01em}
h3{font-size:14.5px;margin:22px 0 8px}
p{margin:0 0 12px;max-width:96ch}
.soft{color:var(--soft)}
.eyebrow{font-size:12px;font-weight:600;letter-spacing:.07em;text-transform:uppercase;color:var(--soft);margin:0 0 8px}
section{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:22px 24px;margin-top:18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(126px,1fr));gap:12px;margin-top:22px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}
.tile{display:flex;flex-direction:column;justify-content:space-between;gap:2px}.tile b{font-size:25px;line-height:1.25;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{font-size:12.5px;color:var(--soft);display:block}
.tile.bad{background:var(--badback)}.tile.bad b{color:var(--bad)}
.wide{overflow-x:auto;margin:0 -8px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:7px 8px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-size:12px;font-weight:600;color:var(--soft);vertical-align:bottom}
tbody tr:hover{background:var(--hover)}
tbody tr:last-child td{border-bottom:0}
tr.total td{border-top:2px solid var(--rule);font-weight:600}
th.text,td.text{text-align:left}
td.wrap{white-space:normal}
td small{color:var(--soft);font-size:11.5px}
.key{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.chart{width:100%;height:auto;display:block;overflow:visible}
.wide .chart{min-width:720px}
.save{font-size:12px;color:var(--soft)}
.outliers{font-size:12.5px;overflow-wrap:anywhere;margin:4px 0 0}
${CHART}
.cells{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:18px 26px}
.cells.square{grid-template-columns:repeat(auto-fill,minmax(260px,1fr))}
.cells figure{margin:0;min-width:0}.cells figcaption{font-size:13.5px;margin-bottom:6px}
.side.plot{grid-template-columns:minmax(0,660px) minmax(0,1fr)}.side.plot .legend{flex-direction:column;padding-top:8px}.side{display:grid;grid-template-columns:minmax(230px,300px) minmax(0,1fr);gap:28px;align-items:start;margin-bottom:20px}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:13px;margin:4px 0 10px}
.legend label{display:inline-flex;align-items:center;gap:7px;cursor:pointer}
.legend i{width:18px;height:0;border-top:3px solid}.legend input{margin:0;accent-color:var(--s0)}
.ranks{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:22px}
.ranks h4{margin:0 0 8px;font-size:12px;color:var(--soft);font-weight:600}
.thumbs{display:grid;grid-template-columns:1fr 1fr;gap:10px}
.thumbs figure{margin:0;min-width:0}
.thumbs svg{width:100%;height:auto;display:block;border-radius:7px;background:#000}
.thumbs figcaption{display:flex;justify-content:space-between;gap:8px;font-size:12px;margin-top:4px;color:var(--soft);font-variant-numeric:tabular-nums}
.thumbs figcaption span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.thumbs figcaption b{color:var(--ink);font-weight:600}
.outline{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.truth{stroke:var(--truth)}.found{stroke:var(--found)}
.prompt{fill:#fff;stroke:#111;stroke-width:1.2;vector-effect:non-scaling-stroke}.prompt.not{fill:#e5484d}
.prompt.frame{fill:none;stroke:#fff;stroke-width:1.6;stroke-dasharray:5 4}
body:has(#show-truth:not(:checked)) .truth,body:has(#show-found:not(:checked)) .found,body:has(#show-prompt:not(:checked)) .prompt{display:none}
details summary{cursor:pointer;font-weight:600;font-size:14.5px;margin:14px 0 8px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 18px;margin:0;font-size:13.5px}
dt{font-weight:600}dd{margin:0;color:var(--soft);overflow-wrap:anywhere}
footer{margin-top:26px;font-size:12.5px;color:var(--soft)}
@media (max-width:820px){main{padding:24px 14px 48px}section{padding:18px 16px}.ranks,.side,.side.plot{grid-template-columns:minmax(0,1fr)}dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:6px}}
@media print{:root{${LIGHT}}body{background:#fff}section{break-inside:avoid;border-color:#ccc}main{max-width:none;padding:0}}
`.trim();
