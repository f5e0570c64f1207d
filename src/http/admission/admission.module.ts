import { type DynamicModule, Global, Module } from '@nestjs/common';
import { configurableModule } from '../../config/index.js';
import { Admission } from './admission.js';
import { Draining } from '../edge/life/draining.js';
import { AnswerRoom } from './answer-room.js';
import { AdmissionMetrics } from './admission-metrics.js';
import { ADMISSION_OPTIONS, type AdmissionOptions } from './admission-options.js';

const { ConfigurableModule, options } = configurableModule<AdmissionOptions>('admission', ADMISSION_OPTIONS);

/** The bounds of what this process takes on; EdgeModule puts them in front of its routes. @publicApi */
@Global()
@Module({
  providers: [options, Admission, AdmissionMetrics, AnswerRoom, Draining],
  exports: [Admission, AdmissionMetrics, AnswerRoom, Draining],
})
export class AdmissionModule extends ConfigurableModule {
  static override forRoot(options: AdmissionOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
