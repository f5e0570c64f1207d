import { type DynamicModule, Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { DeployModule } from './deploy/deploy.module.js';

@Module({})
export class AppModule {
  static forRoot(redisUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [RunstreamModule.forRoot({ redis: { url: redisUrl } }), DeployModule],
    };
  }
}
