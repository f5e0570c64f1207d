import { type DynamicModule, Global, Module } from '@nestjs/common';
import { configurableModule } from '../../config/index.js';
import { BasePath } from './base-path.js';
import { Edge } from './edge.js';
import { EDGE_OPTIONS, type EdgeOptions } from './edge-options.js';
import { OpenAnswers } from './life/open-answers.js';

const { ConfigurableModule, options } = configurableModule<EdgeOptions>('http', EDGE_OPTIONS);

/** What stands in front of Runstream's routes, whatever application they are in. It needs AdmissionModule at the root. @publicApi */
@Global()
@Module({ providers: [options, BasePath, Edge, OpenAnswers], exports: [BasePath] })
export class EdgeModule extends ConfigurableModule {
  static override forRoot(options: EdgeOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
