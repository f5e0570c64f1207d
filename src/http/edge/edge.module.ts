import { type DynamicModule, Module } from '@nestjs/common';
import { BasePath } from './base-path.js';
import { Edge } from './edge.js';
import { EDGE_OPTIONS, type EdgeOptions } from './edge-options.js';
import { OpenAnswers } from './open-answers.js';

/** What stands in front of Runstream's routes, whatever application they are in. It needs AdmissionModule at the root. */
@Module({})
export class EdgeModule {
  static forRoot(options: EdgeOptions = {}): DynamicModule {
    return {
      module: EdgeModule,
      global: true,
      providers: [{ provide: EDGE_OPTIONS, useValue: options }, BasePath, Edge, OpenAnswers],
      exports: [BasePath],
    };
  }
}
