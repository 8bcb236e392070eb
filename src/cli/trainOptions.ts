/**
 * The options of `samus train` as they come from the command line; what is left out has a default.
 */
import type { TrainingConfig } from '../train/trainingConfig.js';
import type { ProfileName } from './trainProfile.js';

export interface TrainOptions {
  readonly data?: string;
  readonly trainList?: readonly string[];
  readonly valList?: readonly string[];
  readonly holdOut?: number;
  readonly model?: string;
  readonly from?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly epochs?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly batch?: number;
  readonly accumulate?: number;
  readonly recipe?: 'published' | 'multi-prompt';
  readonly rounds?: number;
  readonly prompts?: TrainingConfig['prompts'];
  readonly middleClicks?: number;
  readonly augment?: TrainingConfig['augment'];
  readonly optimizer?: TrainingConfig['optimizer'];
  readonly weightDecay?: number;
  readonly lr?: number;
  readonly schedule?: TrainingConfig['schedule'];
  readonly warmup?: number;
  readonly clip?: number;
  readonly ema?: number;
  readonly train?: TrainingConfig['trained'];
  readonly freeze?: readonly string[];
  readonly lrScale?: Readonly<Record<string, number>>;
  readonly repeat?: Readonly<Record<string, number>>;
  readonly validateSteps?: number;
  readonly checkpointSteps?: number;
  readonly patience?: number;
  readonly choose?: TrainingConfig['choose'];
  readonly profile?: ProfileName;
  readonly threads?: number;
  readonly provider?: TrainingConfig['provider'];
  readonly readers?: number;
  readonly json?: boolean;
}
