import { Body, Controller, Get, Post, Req, Res, UnauthorizedException } from '@nestjs/common';
import type { Response } from 'express';
import { Runstream } from 'runstream';
import { PeopleService } from './people.service.js';
import { ForAnybody, type SignedIn } from './signed-in.guard.js';

@Controller()
export class PeopleController {
  constructor(
    private readonly people: PeopleService,
    private readonly runs: Runstream,
  ) {}

  @Post('sign-in')
  @ForAnybody
  signIn(
    @Body() { name, password }: { name: string; password: string },
    @Res({ passthrough: true }) response: Response,
  ) {
    const secret = this.people.signIn(name, password);
    if (secret === undefined) throw new UnauthorizedException('Nobody has this name and password.');
    // Behind HTTPS with `secure: true`, too.
    response.cookie('session', secret, { httpOnly: true, sameSite: 'lax' });
    return { name };
  }

  /** From code nobody is asked who they are: a route of one's own binds the tenant itself. */
  @Get('me')
  async me(@Req() { session }: SignedIn) {
    const { name, team } = session!.person;
    const { runs } = await this.runs.for(team).list();
    return { name, team, runs: runs.map(({ task }) => task) };
  }
}
