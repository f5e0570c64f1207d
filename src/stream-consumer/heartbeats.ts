import { Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../redis/index.js';
import { WORK_KEYS } from './work-keys.js';

/** Most members of a team that are looked at: those that were seen last. */
const MOST = 1000;

/** When the members of teams gave their last sign of life. */
export interface LastSeen {
  /** In ms of Redis's clock, as all of these. */
  now: number;
  /** By member. Those that others have looked after for a minute are forgotten. */
  members: ReadonlyMap<string, number>;
}

/** Reads the heartbeats of the members of consumers, for those who look at them from elsewhere. */
@Injectable()
export class Heartbeats {
  constructor(private readonly redis: RedisConnections) {}

  /** @throws RedisUnavailableError */
  async read(teams: Iterable<string>): Promise<LastSeen> {
    const { commands } = this.redis;
    const [[seconds, micros], ...ofTeams] = await Promise.all([
      redisCall(commands.time()),
      ...[...teams].map((team) =>
        redisCall(
          commands.zrange(
            WORK_KEYS.members(team),
            '+inf',
            '-inf',
            'BYSCORE',
            'REV',
            'LIMIT',
            0,
            MOST,
            'WITHSCORES',
          ),
        ),
      ),
    ]);
    const members = new Map<string, number>();
    for (const flat of ofTeams)
      for (let i = 0; i + 1 < flat.length; i += 2) members.set(flat[i] ?? '', Number(flat[i + 1]));
    return { now: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), members };
  }
}
