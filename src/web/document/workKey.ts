/**
 * Names the work on one frame of a file. The work on the first frame has the name of the content alone, as all work had
 * before the page opened other frames.
 */

/** @param frame from 1 */
export const workKey = (content: string, frame: number): string => (frame === 1 ? content : `${content}#${frame}`);

/** The parts of a name. */
export function workOf(key: string): { readonly content: string; readonly frame: number } {
  const [content = '', frame = '1'] = key.split('#');
  return { content, frame: Number(frame) };
}
