/** Failed logins are counted by account and address, for a day. */
export const throttleByAddress = {
  name: '20261127221000-throttle-by-address',
  sql: `
alter table gateway.login_failures add column address text not null default '';
alter table gateway.login_failures alter column address drop default;
comment on column gateway.login_failures.address is 'IPv4 address or IPv6 network of the caller';
drop index gateway.login_failures_by_account;
create index login_failures_by_account on gateway.login_failures (account, address, failed_at desc);
create index login_failures_by_age on gateway.login_failures (failed_at);
`,
} as const;
