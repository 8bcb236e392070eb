/**
 * The interface of an architecture. An architecture is one folder here that exports one object of this type, and one line
 * in registry.ts; no other code knows its name. docs/adding-a-model.md adds one of each kind.
 */
import type { AugmentRecipe } from '../data/augmentSteps.js';
import type { SharedAugmentation } from '../data/networkAugment.js';
import type { Tensor } from '../graph/tensor.js';
import type { Shapes, StateDict, TensorData } from '../graph/tensorData.js';
import type { Initialisation, ParameterInfo, Parameters } from '../nn/parameters.js';
import type { Random } from '../nn/random.js';
import type { ConfigRule, FieldReader } from './configFields.js';
import type { Preprocessing } from './preprocessing.js';

/** The sizes of a model, as in `config.json`; each architecture adds its own. */
export interface ModelConfig {
  /** Which architecture: the `id` of one in the registry. */
  readonly architecture: string;
  /** Height and width of the square input, in pixels. */
  readonly imageSize: number;
  /** Weights of the large products stored in 8 bits; float32 if absent. */
  readonly quantisation?: 'int8';
  /** Of a model that gives classes: their names, the background first, as the dataset of its training has them. */
  readonly classNames?: readonly string[];
  /** Their colours, `#rrggbb`. */
  readonly classColors?: readonly string[];
  /** Whether the decoder of a promptable model says if the prompted object is there at all, as SAM 2's does; no published model has it. */
  readonly objectScore?: true;
  /** With an object score: the presence below which its mask is left empty. */
  readonly minPresence?: number;
  /** Of a network for two classes: it gets a click or a box as a further input channel (promptChannel.ts). */
  readonly promptChannel?: 'point' | 'box';
  /** `plain`: trained on images resized bilinearly, their levels not clipped, in place of the authors' resizing. */
  readonly resizing?: 'plain';
}

/** One graph that a model is deployed as. */
export interface ModelGraph {
  /** Inputs by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The weights that the graph uses. */
  readonly parameters: readonly ParameterInfo[];
}

/** Scalars of a training step by name; `loss` is what gradients are taken of, the others are logged. */
export type Losses = { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;

/** Optimizers that a training may have. */
export const OPTIMIZERS = ['adam', 'adamw', 'sgd', 'rmsprop'] as const;

/** Learning rate schedules. */
export const SCHEDULES = ['constant', 'polynomial', 'cosine', 'step', 'plateau'] as const;

/** How the authors train a model. */
interface Published<C extends ModelConfig, Outputs> {
  /** Whether their recipe trains a weight. @param name by the reference's state dict */
  isTrained(config: C, name: string): boolean;
  /** How they draw a weight, where not as PyTorch does by default or the graph declares. */
  initial?(name: string, shape: readonly number[]): Initialisation | undefined;
  /** Side of the square target that their loss compares with, in pixels. */
  targetSide(config: C): number;
  /** @param target see {@link PromptedArchitecture} and {@link ClassArchitecture} */
  loss(outputs: Outputs, target: Tensor): Losses;
  readonly settings: {
    readonly epochs: number;
    readonly batch: number;
    readonly learningRate: number;
    /** Of AdamW, SGD or RMSprop, where one of them is chosen. */
    readonly weightDecay: number;
    /** Default `adam`. */
    readonly optimizer?: (typeof OPTIMIZERS)[number];
    /** Of SGD and RMSprop; the first beta of Adam. Default 0.9. */
    readonly momentum?: number;
    /** Default `constant`. `polynomial` without a warm-up is rate · (1 − t/T)^0.9. */
    readonly schedule?: (typeof SCHEDULES)[number];
    /** Lowest rate of `polynomial`, `cosine` and `plateau`. Default 0. */
    readonly lowestRate?: number;
    /** Shares of the training after which `step` multiplies the rate by `dropFactor`. */
    readonly drops?: readonly number[];
    /** Of `step` and `plateau`. Default 0.1. */
    readonly dropFactor?: number;
    /** Factors of the rate of weights by their name prefix. Default: none. */
    readonly rates?: Readonly<Record<string, number>>;
    /** Steps over which the learning rate rises. Default 0. */
    readonly warmup?: number;
    /** Changes to the training images. Default: those of SAMUS. */
    readonly augment?: 'none' | SharedAugmentation | AugmentRecipe;
    /** Pixels of the input by which each side of a training box may lie outside the object. Default: SAMUS's jitter. */
    readonly boxGrowth?: number;
    /** Largest norm of all gradients together. Default: none. */
    readonly clip?: number;
  };
}

/**
 * A tensor of a file of reference tensors, as float32, by its name: `input`, `target`, and others such as `boxes`.
 * @throws SamusError REFERENCE_TENSOR if the file has none of this name
 */
export type ReferenceInput = (name: string) => Tensor;

/**
 * How a model computes what a file of reference tensors contains (`samus models check`): `output`, `act.*`, `loss`, gradients. A
 * model of classes only needs `models` and `config`.
 */
export interface Reference<C extends ModelConfig> {
  /** Values of `model` in the metadata that mean this architecture. */
  readonly models: readonly string[];
  /**
   * The sizes.
   * @param fields of `config` in the metadata
   * @param tensors of the file
   * @param model which of `models`
   */
  config(fields: FieldReader, tensors: Shapes, model: string): C;
  /** Outputs by their names in the file. Default of models of classes: the logits as `output`. */
  outputs?(p: Parameters, config: C, given: ReferenceInput): Readonly<Record<string, Tensor>>;
  /** Weights that the authors give to their optimizer though they stop the gradient before it reaches them. Default: none. */
  isStopped?(name: string): boolean;
  /** The loss and its parts in training mode. Default of models of classes: the published loss of `input` and `target`. */
  losses?(p: Parameters, config: C, given: ReferenceInput): Losses;
}

/** How the weights of one architecture become the start of another. */
export interface WeightTransfer<C extends ModelConfig, From extends ModelConfig = ModelConfig> {
  /** Whether a training that names only those weights trains this model. Default false. */
  readonly byDefault?: boolean;
  /** The sizes that belong to those of the other model. */
  config(from: From): C;
  /**
   * All weights of the new model.
   * @param given those of the other model, checked and float32
   * @param parameters those of the new one
   * @param random draws what the other model lacks
   */
  weights(given: StateDict, config: C, parameters: readonly ParameterInfo[], random: Random): Map<string, TensorData>;
}

/** A public file of pretrained weights that a part of a network starts from (`--backbone`). */
export interface Backbone<C extends ModelConfig = ModelConfig> {
  /** For messages, such as "ResNet-34 of torchvision". */
  readonly title: string;
  /** A tensor by which files of this kind are recognised. */
  readonly mark: string;
  /** A tensor of similar files that do not fit. */
  readonly unlike?: string;
  /** Whether a model of this configuration starts from such files. Default: each does. */
  suits?(config: C): boolean;
  /** The tensor's name in the file for a weight of the model; undefined for a weight that the file lacks. */
  nameOf(weight: string): string | undefined;
  /**
   * A tensor of the file in the shape of the model; undefined if the weight stays random, as the authors leave it. Default:
   * the tensor itself.
   */
  shaped?(tensor: TensorData<'float32'>, weight: ParameterInfo, config: C): TensorData<'float32'> | undefined;
}

/** Checkpoints that hold only what was trained; the model that the training started from has the rest. */
export interface PartialCheckpoint<C extends ModelConfig = ModelConfig> {
  /** A tensor by which they are recognised. */
  readonly mark: string;
  /** The model's name of a tensor. */
  nameOf(tensor: string): string;
  /** The sizes. @param start those of a model that starts from the same weights @param tensors of the checkpoint */
  config(start: C, tensors: Shapes): C;
}

/** The measured memory of a training. One of this size or smaller needs no more. */
export interface TrainingMemory {
  /** The size: one of `presets`. */
  readonly preset: string;
  readonly trained: 'published' | 'all';
  /** Prompts per image. */
  readonly rounds: number;
  /** Peak resident memory of training and validating (10⁹ bytes), by batch size. */
  readonly peaks: Readonly<Record<number, number>>;
}

// Methods, not properties that hold functions: the registry keeps architectures of different configurations in one
// list, which TypeScript allows for methods. registry.ts passes each only its own configurations.
interface Common<C extends ModelConfig, Outputs> {
  /** As `config.json` names it. */
  readonly id: string;
  /** As people write it. */
  readonly title: string;
  /** Published and bundled sizes, by the names that `--model` takes. */
  readonly presets: Readonly<Record<string, C>>;
  /** The configuration in the fields of a `config.json`. */
  readConfig(fields: FieldReader): C;
  /** Constraints between fields, beside the limits of each field. */
  rules(config: C): readonly ConfigRule[];
  /** The sizes of a checkpoint, from its names and shapes; undefined for another architecture. */
  recognise(tensors: Shapes): C | undefined;
  /**
   * Id of the architecture assumed for a checkpoint without `config.json`, if both have the same names and shapes. Default:
   * this one.
   */
  readonly recognisedAs?: string;
  /** Whether a tensor of public checkpoints repeats what sizes or other weights say, so that it is left out without a warning. */
  isDerived?(name: string): boolean;
  /** Common name prefix that published checkpoints may lack. */
  readonly namePrefix?: string;
  preprocessing(config: C): Preprocessing;
  /** The sentence in `config.json` of version 0.1.0, for the architectures of that version. */
  readonly preprocessingSentence?: string;
  /** The sizes in a few words, for people. */
  describe(config: C): string;
  readonly published: Published<C, Outputs>;
  /** Whether a weight can be held in 8 bits; none if absent. */
  isQuantisable?(name: string): boolean;
  /** Other architectures whose weights this one can start from, by their id. */
  readonly startFrom?: Readonly<Record<string, WeightTransfer<C>>>;
  /** Public checkpoints of its trained weights only; none if absent. */
  readonly partial?: PartialCheckpoint<C>;
  /** Files of pretrained weights that parts of it start from; none if absent. */
  readonly backbones?: readonly Backbone<C>[];
  /** What `samus train --profile` chooses by; docs/train.md describes the measurement. */
  readonly memory?: readonly TrainingMemory[];
  /** How it is compared with a reference; absent where no file of reference tensors exists. */
  readonly reference?: Reference<C>;
}

export type PromptKind = 'points' | 'box' | 'mask';

/** A prompt for each object, or in training for each image. */
export interface PromptInputs {
  /** [O, N, 2], x then y in pixels of the model's input; box corners are points with separate labels. */
  readonly coords: Tensor;
  /** [O, N], values of POINT_LABEL */
  readonly labels: Tensor;
  /** Logits of a first guess [O, 1, lowRes, lowRes] */
  readonly mask: Tensor;
  /** [O], 1 where there is a first guess, else 0 */
  readonly hasMask: Tensor;
  /** [O, N]: added to the attention logits of each point; very negative hides it. */
  readonly bias?: Tensor;
}

export interface PromptAnswer {
  /** Logits [O, masks, lowRes, lowRes] */
  readonly lowResLogits: Tensor;
  /** Predicted IoU [O, masks] */
  readonly iou: Tensor;
  /** Of a model with an object score: the logit of whether the prompted object is there [O, 1] */
  readonly presence?: Tensor;
  /** Of a network with a prompt channel: what its loss needs. */
  readonly outputs?: ClassOutputs;
}

export interface PromptedShapes {
  /** Channels, height and width of the image embedding. */
  readonly embedding: readonly [channels: number, height: number, width: number];
  /** Side of the decoder's logits, and of the mask prompt. */
  readonly lowRes: number;
  /** Masks of an answer: one for a clear prompt, further ones for an ambiguous one. */
  readonly masks: number;
}

/** Takes prompts. In its published loss the target is the object, 0 or 1, [B, 1, targetSide, targetSide]. */
export interface PromptedArchitecture<C extends ModelConfig = ModelConfig> extends Common<C, PromptAnswer> {
  readonly task: 'prompted';
  /** Prompts that it takes. */
  readonly prompts: readonly PromptKind[];
  /** The decoder answers for one object at a time. */
  readonly oneObject?: true;
  shapes(config: C): PromptedShapes;
  /** @param image [B, channels, imageSize, imageSize] @returns the image embedding [B, …embedding] */
  encode(p: Parameters, config: C, image: Tensor): Tensor;
  /** The decoder for one embedding, asked as often as there are prompts. @param embedding [O or 1, …embedding] */
  decoder(p: Parameters, config: C, embedding: Tensor): (prompt: PromptInputs) => PromptAnswer;
}

/** Results of a network; those beside `logits` are for its loss only. */
export type ClassOutputs = {
  /**
   * [B, classes, H, W] before softmax, class 0 is the background; or [B, 1, H, W] before a sigmoid, above 0 where the
   * object is
   */
  readonly logits: Tensor;
} & Readonly<Record<string, Tensor>>;

/** Predicts a class map without prompts. In its published loss the target is class numbers, [B, targetSide, targetSide]. */
export interface ClassArchitecture<C extends ModelConfig = ModelConfig> extends Common<C, ClassOutputs> {
  readonly task: 'classes';
  /** The background included. */
  classes(config: C): number;
  /** `forward` also takes an image with one channel more (`promptChannel` in its configuration). */
  readonly promptChannel?: true;
  /** @param image [B, channels, H, W]; H and W are imageSize, except in reference files */
  forward(p: Parameters, config: C, image: Tensor): ClassOutputs;
}

export type Architecture<C extends ModelConfig = ModelConfig> = PromptedArchitecture<C> | ClassArchitecture<C>;
