import type { VNode } from 'preact';

export function GroupsPage({ group }: { group: string | undefined }): VNode {
  return <h1>{group ?? 'Groups'}</h1>;
}
