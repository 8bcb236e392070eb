/** What a model card states in its front matter, as on model hubs. */

/** `license:` or `licence:` of the front matter. */
export function licenceIn(card: string | undefined): string | undefined {
  const head = card && /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1];
  return (head && /^licen[cs]e:[ \t]*(\S.*?)\s*$/m.exec(head)?.[1]) || undefined;
}
