export * from './admission.js';
export * from './admission-metrics.js';
export * from './answer-room.js';
export * from './admission.module.js';
export type { AdmissionOptions } from './admission-options.js';
export type { RequestKind } from './bound-names.js';
export type { Place } from './place.js';
