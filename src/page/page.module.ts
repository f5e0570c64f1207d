import { Module } from '@nestjs/common';
import { PageController } from './page.controller.js';

/**
 * The page at `/`, or at the application's prefix: what runs here, and a first run in the browser. It calls the routes
 * beside it. Not part of RunstreamModule.
 *
 * @publicApi
 */
@Module({ controllers: [PageController] })
export class PageModule {}
