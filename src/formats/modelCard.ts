/** The front matter of a model card, as on model hubs: YAML between two lines of `---` before the text. */

/** `license:` or `licence:` of the front matter. */
export function licenceIn(card: string | undefined): string | undefined {
  const head = frontMatter(card ?? '').lines.join('\n');
  return /^licen[cs]e:[ \t]*(\S.*?)\s*$/m.exec(head)?.[1] || undefined;
}

/** Mean Dice on a dataset, for the front matter. */
export interface CardResult {
  readonly dataset: string;
  /** Name of the class. */
  readonly object: string;
  /** How it was measured, in a few words. */
  readonly measured: string;
  readonly dice: number;
}

export interface HubFacts {
  readonly name: string;
  /** The hub's name of the task, such as `mask-generation`. */
  readonly task: string;
  readonly tags: readonly string[];
  readonly results: readonly CardResult[];
}

/** The card with what a hub reads from the front matter. Fields that the card already has stay. */
export function hubCard(card: string, { name, task, tags, results }: HubFacts): string {
  const { lines, text } = frontMatter(card);
  const fields: Readonly<Record<string, readonly string[]>> = {
    library_name: [' samus'],
    pipeline_tag: [` ${task}`],
    tags: ['', ...tags.map((tag) => `  - ${tag}`)],
    metrics: ['', '  - dice'],
    ...(results.length > 0 && {
      'model-index': ['', `  - name: ${quoted(name)}`, '    results:', ...results.flatMap(resultLines)],
    }),
  };
  const added = Object.entries(fields).flatMap(([key, [first, ...rest]]) => {
    return lines.some((line) => line.startsWith(`${key}:`)) ? [] : [`${key}:${first}`, ...rest];
  });
  return `---\n${[...lines, ...added].join('\n')}\n---\n\n${text.replace(/^\s+/, '')}`;
}

function resultLines({ dataset, object, measured, dice }: CardResult): string[] {
  return [
    '      - task:',
    '          type: image-segmentation',
    '        dataset:',
    `          type: ${quoted(dataset)}`,
    `          name: ${quoted(`${dataset}, ${object}`)}`,
    '        metrics:',
    '          - type: dice',
    `            name: ${quoted(`Dice, ${measured}`)}`,
    `            value: ${Number(dice.toFixed(4))}`,
  ];
}

/** A JSON string is a YAML string. */
const quoted = (text: string): string => JSON.stringify(text);

function frontMatter(card: string): { readonly lines: readonly string[]; readonly text: string } {
  const [whole = '', head = ''] = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(card) ?? [];
  return { lines: head === '' ? [] : head.split(/\r?\n/), text: card.slice(whole.length) };
}
