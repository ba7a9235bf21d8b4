export const entryColumns =
  `e.*, a.id as account_id, a.kind as account_kind, u.text as unit_text, k.text as ` +
  `contra_text, s.text as source_text, d.content`;

export const entryJoins = `
join ledger.accounts a on a.partition = e.partition and a.account = e.account
join ledger.names u on u.partition = e.partition and u.name = a.unit
join ledger.names k on k.partition = e.partition and k.name = e.contra
join ledger.names s on s.partition = e.partition and s.name = e.source
left join ledger.details d on d.partition = e.partition and d.partition_seq = e.partition_seq`;

/** Entries of a partition in order: $2 exclusive, $3 at most. With the commitment beside each. */
export const entriesInOrder = `select ${entryColumns}, d.commitment from ledger.entries e ${entryJoins}
where e.partition = $1 and e.partition_seq > $2 order by e.partition_seq limit $3`;
