import type { Run } from '@runstream/client';

const SIGNS: Readonly<Record<Run['status'], string>> = {
  pending: '◌',
  running: '●',
  completed: '✓',
  failed: '✕',
  cancelled: '⊘',
};

export const signOf = (status: Run['status']): string => SIGNS[status];
