import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Public } from '../auth/index.js';
import { RunstreamError } from '../common/index.js';
import { BuiltPage } from './built-page.js';

/** Nothing but the page's own files, and no text that becomes markup (https://www.w3.org/TR/trusted-types/). */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `connect-src 'self'`,
  `img-src 'self' data:`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
  `require-trusted-types-for 'script'`,
  `trusted-types 'none'`,
].join('; ');
const YEAR_SECONDS = 31_536_000;

/** The page for people, and its files. */
@ApiExcludeController()
@Public()
@Controller()
export class DashboardController {
  constructor(private readonly built: BuiltPage) {}

  @Get()
  page(@Req() request: Request, @Res() response: Response): void {
    const [path = '', query] = request.originalUrl.split('?');
    if (!path.endsWith('/')) {
      // What is relative to the page is below it only then.
      const name = path.slice(path.lastIndexOf('/') + 1);
      response.redirect(`./${name}/${query === undefined ? '' : `?${query}`}`);
      return;
    }
    response.set({ 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' });
    response.type('html').send(this.built.html);
  }

  @Get('assets/:name')
  file(@Param('name') name: string, @Req() request: Request, @Res() response: Response): void {
    const file = this.built.file(name);
    if (!file) throw new RunstreamError('ROUTE_NOT_FOUND', `The page has no file "${name}".`);
    const takesGzip = request.acceptsEncodings('gzip') !== false;
    if (takesGzip) response.set('Content-Encoding', 'gzip');
    response
      .set({ 'Cache-Control': `public, max-age=${YEAR_SECONDS}, immutable`, Vary: 'Accept-Encoding' })
      .type(file.type)
      .send(takesGzip ? file.gzipped : file.content);
  }
}
