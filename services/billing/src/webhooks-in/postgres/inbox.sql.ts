export const keepEvent = `
  insert into billing.stripe_events (id, type, created_at, received_at, facts) values ($1, $2, $3, $4, $5)
    on conflict do nothing`;
export const openEvents = `
  select id, type, created_at, received_at, facts from billing.stripe_events where handled_at is null
    order by received_at, id limit $1`;
export const closeEvent = `
  update billing.stripe_events set outcome = $2, handled_at = $3 where id = $1 and handled_at is null`;
