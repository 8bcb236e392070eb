/**
 * Walking a graph from its results back to its sources.
 */
import { nodeOf, type Tensor } from './tensor.js';

/** Every tensor that the outputs need, each after all those it is made of. Not recursive: graphs run deep. */
export function ancestors(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { tensor: Tensor; expanded: boolean }[] = [...outputs]
    .reverse()
    .map((tensor) => ({ tensor, expanded: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { tensor, expanded } = top;
    if (expanded) {
      order.push(tensor);
      continue;
    }
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    stack.push({ tensor, expanded: true });
    for (const input of nodeOf(tensor)?.inputs ?? []) {
      if (input && !seen.has(input)) stack.push({ tensor: input, expanded: false });
    }
  }
  return order;
}
