import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { type OwnPrincipal, RunstreamModule } from 'runstream';
import { PeopleController } from './people.controller.js';
import { PeopleService } from './people.service.js';
import { type SignedIn, SignedInGuard } from './signed-in.guard.js';

/** Asked behind the guard: who this is for Runstream, whose runs they are, and what may be done with them. */
function principal({ session }: SignedIn): OwnPrincipal | undefined {
  if (!session) return undefined;
  const { name, team, mayWrite } = session.person;
  return {
    id: name,
    tenantId: team,
    scopes: mayWrite ? ['runs:read', 'runs:write'] : ['runs:read'],
    // Open streams end with the session.
    expiresAt: session.endsAt,
  };
}

@Module({
  imports: [
    RunstreamModule.forRoot({
      redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' },
      auth: { principal },
      tenancy: { enabled: true },
    }),
  ],
  controllers: [PeopleController],
  providers: [PeopleService, { provide: APP_GUARD, useClass: SignedInGuard }],
})
export class AppModule {}
