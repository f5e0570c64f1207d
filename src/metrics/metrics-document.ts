import { Inject, Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DocumentPart, leaveOut } from '../http/index.js';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';

/** Leaves `GET /metrics` out of the OpenAPI document where it has a port of its own. */
@Injectable()
export class MetricsDocument extends DocumentPart {
  constructor(@Inject(METRICS_OPTIONS) private readonly options: MetricsOptions) {
    super();
  }

  override complete(document: OpenAPIObject): void {
    if (this.options.port !== undefined) leaveOut(document, 'metrics');
  }
}
