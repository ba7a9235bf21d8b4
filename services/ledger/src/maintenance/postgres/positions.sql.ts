/** Partitions that were ever booked, in order. */
export const partitionsBooked = 'select partition from ledger.positions order by partition';
/** The same, with those of which only seals are left. */
export const partitionsSealed =
  'select partition from ledger.positions union select partition from ledger.seals order by partition';
/** How far partition $1 is booked. */
export const bookedThrough = 'select next_offset, last_seq from ledger.positions where partition = $1';
export const allBookedThrough = 'select partition, next_offset from ledger.positions order by partition';

/** Where partition $1 stands in its topic. */
export const placeInTopic =
  'select next_offset - log_base as next_offset, topic_id from ledger.positions where partition = $1';
/** Lets partition $1 go on at offset $2 of topic $3; its owner is fenced. */
export const moveInTopic =
  'update ledger.positions set epoch = epoch + 1, next_offset = log_base + $2, topic_id = $3, last_record = null, ' +
  'halted = null where partition = $1';

/** Every position, kept from changing until the end of the transaction. */
export const lockPositions =
  'select partition, topic_id, next_offset - log_base as booked from ledger.positions order by partition for update';
/** Every partition goes on at offset 0 of topic $1. */
export const moveToTopic =
  'update ledger.positions set epoch = epoch + 1, log_base = next_offset, topic_id = $1, last_record = null';
export const publishAgain = 'update ledger.publications set published_through = -1';
