import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { readFileSync } from 'node:fs';

/** The page at `/`: what runs here, and a first run in the browser. */
@ApiExcludeController()
@Controller()
export class PageController {
  private readonly html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return this.html;
  }
}
