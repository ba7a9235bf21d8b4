/** Every topic of the platform, `<owner>.<facts>.v<major>`; keyed by the first segment of the account id. */
export const topics = {
  /** Everything asked of an account, in one order. Partitioned as the books are. */
  usageEvents: 'usage.events.v1',
  /** Every committed entry, at least once, with (partition, partition_seq) to ignore repeats by. */
  ledgerEntries: 'ledger.entries.v1',
  /** A metered account entered a tier block. */
  tierCrossings: 'ledger.tier-crossings.v1',
  /** Roots of the seals, so that a rewriting of the tables is noticed outside. */
  ledgerSeals: 'ledger.seals.v1',
  billingCharges: 'billing.charges.v1',
  billingCatalog: 'billing.catalog.v1',
} as const;
export type Topic = (typeof topics)[keyof typeof topics];

/** The dead-letter topic of one consumer group on one topic. */
export const deadLetterTopic = (topic: string, group: string): string => `${topic}.dlq.${group}`;

/** Consumer groups, `<service>.<purpose>`. */
export const groups = {
  ledgerBooking: 'ledger.booking',
  billingCharging: 'billing.charging',
} as const;

/** Chosen once, because it decides where an account lives (design §2). */
export const partitionsDefault = 64;
