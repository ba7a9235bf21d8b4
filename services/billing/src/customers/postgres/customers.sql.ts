export const prepareCustomer = `
  insert into billing.customers (user_id, created_at, updated_at) values ($1, $2, $2) on conflict do nothing`;
export const findCustomer = 'select customer_id, payment_method from billing.customers where user_id = $1';
export const usersOfCustomer =
  'select user_id from billing.customers where customer_id = $1 and user_id > $2 order by user_id limit $3';
export const saveCustomer = `
  update billing.customers set customer_id = $2, payment_method = $3,
    payment_method_at = case when payment_method is distinct from $3 then $4 else payment_method_at end, updated_at = $4
  where user_id = $1`;
/** Newer than what is known; a message that was overtaken changes nothing. */
export const attachMethod = `
  update billing.customers set payment_method = $2, payment_method_at = $3, updated_at = $3
  where customer_id = $1 and (payment_method_at is null or payment_method_at <= $3) returning user_id`;
export const methodOfCustomer = `
  select payment_method from billing.customers where customer_id = $1 and payment_method is not null
    order by payment_method_at desc nulls last limit 1`;
