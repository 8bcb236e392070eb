/**
 * Kinds of pretrained weights that several networks start from, and positions of tokens brought to another grid. startFrom.ts
 * takes the weights from a file.
 */
import { float32, type TensorData } from '../graph/tensorData.js';
import type { Backbone, ModelConfig } from './architecture.js';

/** ResNet-34 by torchvision's names (resnet34-333f7ec4.pth). @param nameOf a weight of the model by its name there */
export function resnet34(nameOf: Backbone['nameOf']): Backbone {
  return { title: 'ResNet-34 of torchvision', mark: 'layer1.0.conv1.weight', nameOf };
}

/** The name in torchvision's ResNet of a weight of a network that calls its parts firstconv, firstbn and encoder1 to 4. */
export function nameInRenamedResnet(weight: string): string | undefined {
  if (!/^(first(conv|bn)|encoder[1-4])\./.test(weight)) return undefined;
  return weight.replace(/^first(conv|bn)/, (_, part) => `${part}1`).replace(/^encoder/, 'layer');
}

/** EfficientNet-Lite0 by the names of efficientnet-lite-pytorch. @param nameOf a weight of the model by its name there */
export function efficientNetLite0File<C extends ModelConfig>(
  suits: (config: C) => boolean,
  nameOf: Backbone['nameOf'],
): Backbone<C> {
  const mark = '_blocks.0._depthwise_conv.weight';
  // EfficientNet-B0 has the same names and shapes, and squeeze-and-excitation layers beside them.
  return { title: 'EfficientNet-Lite0', mark, unlike: '_blocks.0._se_reduce.weight', suits, nameOf };
}

/** A vision transformer by timm's names. @param title of the size that fits */
export function timmVit<C extends ModelConfig>(
  title: string,
  nameOf: Backbone<C>['nameOf'],
  shaped?: Backbone<C>['shaped'],
): Backbone<C> {
  return { title, mark: 'blocks.0.attn.qkv.weight', nameOf, ...(shaped && { shaped }) };
}

/**
 * Positions of tokens for another grid, bilinear.
 * @param table [1, N, C], of which the last tokens are a square; those before, such as a class token, have no place
 * @param keep how many tokens before the square the model has: its first ones
 * @param corners whether the corners of both grids coincide
 * @returns [1, keep + height · width, C]
 */
export function resizedPositions(
  table: TensorData<'float32'>,
  keep: number,
  [height, width]: readonly [number, number],
  corners: boolean,
): TensorData<'float32'> {
  const [, count = 0, channels = 0] = table.shape;
  const side = Math.floor(Math.sqrt(count));
  const places = table.data.subarray((count - side * side) * channels);
  const [rows, columns] = [height, width].map((size) => weightsOf(side, size, corners));
  const data = new Float32Array((keep + height * width) * channels);
  data.set(table.data.subarray(0, keep * channels));
  let at = keep * channels;
  for (const row of rows!) {
    for (const column of columns!) {
      for (let c = 0; c < channels; c++) {
        const value = (y: number, x: number) => places[(y * side + x) * channels + c]!;
        const top = value(row.low, column.low) * (1 - column.share) + value(row.low, column.high) * column.share;
        const bottom = value(row.high, column.low) * (1 - column.share) + value(row.high, column.high) * column.share;
        data[at++] = top * (1 - row.share) + bottom * row.share;
      }
    }
  }
  return float32(data, [1, keep + height * width, channels]);
}

/** The two places that each new place lies between, and the share of the second. */
function weightsOf(from: number, to: number, corners: boolean) {
  return Array.from({ length: to }, (_, i) => {
    const spread = corners ? (i * (from - 1)) / Math.max(1, to - 1) : ((i + 0.5) * from) / to - 0.5;
    const place = Math.min(from - 1, Math.max(0, spread));
    const low = Math.floor(place);
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
  });
}
