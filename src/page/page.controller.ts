import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/index.js';
import type { Response } from 'express';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The page at `/`: what runs here, and a first run in the browser. */
@ApiExcludeController()
@Public()
@Controller()
export class PageController {
  private readonly html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
  private readonly policy =
    `default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; ` +
    `frame-ancestors 'none'; script-src ${hashesOf(this.html, 'script')}; style-src ${hashesOf(this.html, 'style')}`;

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Res({ passthrough: true }) response: Response): string {
    response.set('Content-Security-Policy', this.policy);
    return this.html;
  }
}

/** Lets the page's own inline code run, and no other (https://www.w3.org/TR/CSP3/#match-element-to-source-list). */
function hashesOf(html: string, element: 'script' | 'style'): string {
  const contents = html.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'));
  return Array.from(
    contents,
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  ).join(' ');
}
