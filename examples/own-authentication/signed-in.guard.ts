import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { PeopleService, type Session } from './people.service.js';

/** A request with what the guard below found out. With passport it is `request.user`. */
export type SignedIn = Request & { session?: Session };

/** For routes that nobody need be signed in for. */
export const ForAnybody = SetMetadata('for-anybody', true);

/** Stands in front of all routes: those of this application and those of Runstream. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(
    private readonly people: PeopleService,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    if (this.reflector.get<boolean>('for-anybody', context.getHandler())) return true;
    const request = context.switchToHttp().getRequest<SignedIn>();
    const [, secret = ''] = /(?:^|;\s*)session=([\w-]+)/.exec(request.get('cookie') ?? '') ?? [];
    const session = this.people.session(secret);
    if (!session) throw new UnauthorizedException('Sign in first.');
    request.session = session;
    return true;
  }
}
