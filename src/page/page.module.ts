import { Module } from '@nestjs/common';
import { PageController } from './page.controller.js';

/** The start page. */
@Module({ controllers: [PageController] })
export class PageModule {}
