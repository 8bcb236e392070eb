/** The one version that each model of the Open Inference Protocol has here. */
export const VERSION = '1';
