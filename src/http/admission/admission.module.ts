import { type DynamicModule, Module } from '@nestjs/common';
import { Admission } from './admission.js';
import { Draining } from '../edge/draining.js';
import { AnswerRoom } from './answer-room.js';
import { AdmissionMetrics } from './admission-metrics.js';
import { ADMISSION_OPTIONS, type AdmissionOptions } from './admission-options.js';

/** The bounds of what this process takes on; EdgeModule puts them in front of its routes. */
@Module({})
export class AdmissionModule {
  static forRoot(options: AdmissionOptions = {}): DynamicModule {
    return {
      module: AdmissionModule,
      global: true,
      providers: [
        { provide: ADMISSION_OPTIONS, useValue: options },
        Admission,
        AdmissionMetrics,
        AnswerRoom,
        Draining,
      ],
      exports: [Admission, AdmissionMetrics, AnswerRoom, Draining],
    };
  }
}
