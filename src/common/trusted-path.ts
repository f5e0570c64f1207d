import { lstatSync, type Stats } from 'node:fs';

/**
 * Why this user should not rely on a file or folder that was found rather than named: somebody else can have put
 * something into it. Undefined when it belongs to this user or to root and nobody else may write to it.
 */
export function distrust(
  path: string,
  found: Stats = lstatSync(path),
  /** Trusted like this user. Default: nobody. */
  owner?: number,
): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined; // Windows: files have no owner that Node knows
  if (![user, 0, owner].includes(found.uid)) {
    return `${path} belongs to another user (uid ${found.uid}, this process runs as ${user})`;
  }
  // Links have no rights of their own.
  if (found.isSymbolicLink()) return undefined;
  // Where each user has a group of their own, files may be writable for it: that is the same person.
  const othersMayWrite =
    (found.mode & 0o002) !== 0 || ((found.mode & 0o020) !== 0 && found.gid !== found.uid);
  return othersMayWrite
    ? `${path} can be written by other users (take that right away with: chmod go-w ${path})`
    : undefined;
}
