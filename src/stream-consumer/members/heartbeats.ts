import { Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { WORK_KEYS } from '../work-keys.js';

/** Most members of a team that are looked at: those that were seen last. */
const MOST = 1000;

/** When the members of teams gave their last sign of life. */
export interface LastSeen {
  /** In ms of Redis's clock, as all of these. */
  now: number;
  /** By member. Those that others have looked after for a minute are forgotten. */
  members: ReadonlyMap<string, number>;
  /** Their names, by team. */
  ofTeams: ReadonlyMap<string, readonly string[]>;
}

/** Reads the heartbeats of the members of consumers, for those who look at them from elsewhere. */
@Injectable()
export class Heartbeats {
  constructor(private readonly redis: RedisConnections) {}

  /** @throws RedisUnavailableError */
  async read(teams: Iterable<string>): Promise<LastSeen> {
    const { commands } = this.redis;
    const names = [...new Set(teams)];
    const [now, ...flat] = await Promise.all([
      this.redis.now(WORK_KEYS.members(names[0] ?? '')),
      ...names.map((team) =>
        redisCall(commands.zrevrange(WORK_KEYS.members(team), 0, MOST - 1, 'WITHSCORES')),
      ),
    ]);
    const members = new Map<string, number>();
    const ofTeams = new Map<string, string[]>();
    for (const [i, team] of names.entries()) {
      const ofTeam = flat[i] ?? [];
      for (let j = 0; j + 1 < ofTeam.length; j += 2) members.set(ofTeam[j] ?? '', Number(ofTeam[j + 1]));
      ofTeams.set(
        team,
        ofTeam.filter((_, j) => j % 2 === 0),
      );
    }
    return { now, members, ofTeams };
  }
}
