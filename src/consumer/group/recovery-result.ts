/** What a recovery found, and what came of it. */
export interface RecoveryResult {
  /** Entries that were taken over from others, or found again among our own. */
  claimed: number;
  /** Of them: handled. */
  processed: number;
  /** Of them: handled before, or of no interest to the handler. */
  skipped: number;
  /** Of them: to be tried again, or dead-lettered, those included whose body was trimmed. */
  failed: number;
}

export function noRecovery(): RecoveryResult {
  return { claimed: 0, processed: 0, skipped: 0, failed: 0 };
}
