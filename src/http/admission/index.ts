export * from './admission.js';
export * from './admission-metrics.js';
export * from './admission.module.js';
export type { AdmissionOptions } from './admission-options.js';
