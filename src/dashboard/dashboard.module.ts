import { type DynamicModule, Module } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { BuiltPage } from './built-page.js';
import { DashboardController } from './dashboard.controller.js';

/**
 * Where the page is.
 *
 * @publicApi
 */
export interface DashboardOptions {
  /** Where the page is, below the application's prefix. Default: at the prefix itself, or `/`. */
  path?: string;
}

/**
 * The page for people: runs, groups, dead letters. It calls the routes of RunstreamModule, wherever the application has
 * put them: all its addresses are relative. Not part of RunstreamModule.
 *
 * @publicApi
 */
@Module({})
export class DashboardModule {
  static forRoot({ path = '' }: DashboardOptions = {}): DynamicModule {
    const parts = path.split('/').filter((part) => part !== '');
    return {
      module: DashboardModule,
      imports: parts.length
        ? [RouterModule.register([{ path: parts.join('/'), module: DashboardModule }])]
        : [],
      controllers: [DashboardController],
      providers: [{ provide: BuiltPage, useValue: new BuiltPage('../'.repeat(parts.length) || './') }],
    };
  }
}
