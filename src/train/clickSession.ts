/**
 * Scores mask 0 of one published click, or of the tight box for a model that takes only boxes, on one image at the model's input
 * size, for validation and adaptation. A model without prompts is scored by its class map.
 */
import { type Click, evaluationClick, tightBox } from '../data/prompts.js';
import { diceOf, overlapOf } from '../formats/mask.js';
import { slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { asFloat32, float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { byClass, classMargin } from '../models/classLogits.js';
import { inputShape, logitSide, networkGraph, wholeModel } from '../models/graphs.js';
import { inputDims, modelLogits, type PromptToken, promptTokens } from '../models/imageFrame.js';
import { minPresenceOf, presenceOf } from '../models/presence.js';
import { architectureOf } from '../models/registry.js';
import { compile } from '../nn/compile.js';
import { Parameters } from '../nn/parameters.js';
import { takenBy } from '../runtime/ortSession.js';
import type { Runtime, Session, SessionOptions } from '../runtime/session.js';
import { pointInputs } from './trainingSample.js';

export interface ClickAnswer {
  /** Absent if the model takes no prompts. */
  readonly click?: Click;
  /** 0 and 1, [imageSize, imageSize], as is `truth`. */
  readonly found: Uint8Array;
  readonly truth: Uint8Array;
  /** 2 |A ∩ B| / (|A| + |B|) */
  readonly dice: number;
  /** Whether all logits are finite; NaN counts as background. */
  readonly finite: boolean;
}

export class ClickSession {
  readonly #noMask: TensorData<'float32'>;

  private constructor(
    private readonly session: Session,
    private readonly config: ModelConfig,
  ) {
    const side = logitSide(config);
    this.#noMask = float32(new Float32Array(side * side), [1, 1, side, side]);
  }

  static async create(
    runtime: Runtime,
    config: ModelConfig,
    weights: StateDict,
    compute: Pick<SessionOptions, 'threads' | 'provider'>,
  ): Promise<ClickSession> {
    return new ClickSession(await compile(runtime, forwardGraph(config), weights, compute), config);
  }

  /**
   * @param image the model's input, flat
   * @param label class indices, [imageSize, imageSize]
   */
  async answer(image: Float32Array, label: Uint8Array, classId: number): Promise<ClickAnswer> {
    const { imageSize: size } = this.config;
    const architecture = architectureOf(this.config);
    const asked = architecture.task === 'prompted' ? architecture.prompts : [];
    const click = asked.includes('points') ? this.#click(label, classId) : undefined;
    const box = asked.length > 0 && !click ? (tightBox(label, size, classId) ?? [0, 0, size - 1, size - 1]) : undefined;
    const feeds = {
      image: float32(image, [1, ...inputDims(inputShape(this.config))]),
      ...((click || box) && this.#prompt(promptTokens(click ? [click] : [], box))),
    };
    const { logits, score } = await this.session.run(takenBy(this.session, feeds));
    const values = asFloat32(logits!).data;
    const shown = architecture.task === 'prompted' ? values : classMargin(classId, byClass(values, size * size));
    const native = modelLogits(this.config, shown);
    // If it predicts no object, its mask is empty: wrong with a labelled object, right without one.
    const absent = score !== undefined && presenceOf(asFloat32(score).data[0]!) < minPresenceOf(this.config);
    const found = Uint8Array.from(native, (value) => (value > 0 && !absent ? 1 : 0));
    const truth = label.map((value) => (value === classId ? 1 : 0));
    const finite = native.every(Number.isFinite);
    return { ...(click && { click }), found, truth, dice: diceOf(overlapOf(found, truth)), finite };
  }

  /** The published click; a model with an object score also gets a foreground click if there is no object. */
  #click(label: Uint8Array, classId: number): Click {
    const { imageSize, objectScore } = this.config;
    const [x, y, kind] = evaluationClick(label, imageSize, classId);
    return [x, y, objectScore ? 1 : kind];
  }

  #prompt(tokens: readonly PromptToken[]): Record<string, TensorData> {
    const { point_coords, point_labels } = pointInputs(tokens);
    return {
      point_coords: float32(point_coords, [1, tokens.length, 2]),
      point_labels: float32(point_labels, [1, tokens.length]),
      mask_input: this.#noMask,
      has_mask_input: float32([0], [1]),
    };
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }
}

/** Maps one image and one prompt to the logits of mask 0 and the object score, if there is one; or one image to the logits of all classes. */
function forwardGraph(config: ModelConfig): { readonly logits: Tensor; readonly score?: Tensor } {
  const known = architectureOf(config);
  if (known.task === 'classes') return { logits: networkGraph(config).outputs.logits! };
  const { prompt, decode } = wholeModel(new Parameters(), config, 1, 2);
  const { lowResLogits, presence } = decode(prompt);
  return { logits: slice(lowResLogits, 1, 0, 1), ...(presence && { score: presence }) };
}
