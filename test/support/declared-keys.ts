import { createHash } from 'node:crypto';
import { RedisScript } from '../../src/redis/redis-script.js';

/**
 * In front of each script: what it calls is looked at first, and a key that it was not given fails it. In a cluster a
 * script may use no other keys than those it names, and a node notices only those of slots that it does not have.
 */
const LOOK = `local redis = (function(real)
  local declared = {}
  for _, key in ipairs(KEYS) do declared[key] = true end
  local function looking(call)
    return function(...)
      local used = real.pcall('COMMAND', 'GETKEYS', ...)
      for _, key in ipairs(used.err and {} or used) do
        if not declared[key] then
          error('UNDECLARED KEY ' .. key .. ' of ' .. table.concat({ ... }, ' ', 1, 2), 0)
        end
      end
      return call(...)
    end
  end
  return setmetatable({ call = looking(real.call), pcall = looking(real.pcall) }, { __index = real })
end)(redis)
`;

/** Every script that this process runs from here on may use only the keys that it is given. */
export function watchDeclaredKeys(): void {
  const watched = new WeakSet<RedisScript>();
  const watch = (script: RedisScript): void => {
    if (watched.has(script)) return;
    watched.add(script);
    const inside = script as unknown as { source: string; sha: string };
    inside.source = LOOK + inside.source;
    inside.sha = createHash('sha1').update(inside.source).digest('hex');
  };
  const { prototype } = RedisScript;
  for (const name of ['run', 'runForBytes'] as const) {
    const { value } = Object.getOwnPropertyDescriptor(prototype, name) as {
      value: RedisScript[typeof name];
    };
    prototype[name] = function (this: RedisScript, ...args) {
      watch(this);
      return value.apply(this, args);
    };
  }
}
