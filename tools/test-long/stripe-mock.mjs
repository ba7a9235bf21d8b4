// Stripe's own mock checks the parameters of every kind of call against Stripe's description of its interface: the real
// adapters, through the official library, on loopback. It keeps no state, so what it answers says nothing; that it
// refuses nothing does.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePortOf } from './free-port.mjs';

const version = 'v0.203.0';
const name = "every call of Stripe's has the parameters that Stripe describes";
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const built = (path) => import(pathToFileURL(join(root, 'services/billing/dist', path)).href);
const installMs = 600_000;

export async function stripeMockCampaign({ check, notRun }) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-stripe-mock-'));
  try {
    const program = install(folder);
    if (typeof program !== 'string') return notRun(name, program.why);
    await check(name, () =>
      withMock(program, async (apiBase) => {
        await checksParameters(apiBase);
        const refused = [];
        const calls = await allCalls(apiBase);
        for (const [what, call] of calls) {
          const why = await call().then((outcome) => (outcome?.is === 'rejected' ? outcome.code : null), refusalOf);
          if (why !== null) refused.push(`${what}: ${why}`);
        }
        if (refused.length > 0) throw new Error(refused.join('\n'));
        return `${calls.length} kinds of calls, stripe-mock ${version}`;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What we make of an answer that has no state behind it (a bug to us) is no refusal of the call. */
function refusalOf(error) {
  if (error?.kind === 'bug') return null;
  return `${error?.message} ${JSON.stringify(error?.details ?? {})}`;
}

/** A mock that takes anything would prove nothing. */
async function checksParameters(apiBase) {
  const headers = { authorization: 'Bearer sk_test_mock', 'content-type': 'application/x-www-form-urlencoded' };
  for (const [path, body] of [
    ['payment_intents', 'amount=1&currency=brl&nonsense=1'],
    ['payment_intents', 'amount=x&currency=brl'],
    ['refunds', 'metadata=no'],
  ]) {
    const { status } = await fetch(`${apiBase}/v1/${path}`, { method: 'POST', headers, body });
    if (status !== 400) throw new Error(`stripe-mock took ${body} (${status})`);
  }
}

/** One on the PATH, else made with Go from its module. */
function install(folder) {
  if (spawnSync('stripe-mock', ['-version']).status === 0) return 'stripe-mock';
  if (spawnSync('go', ['version']).status !== 0)
    return { why: 'it needs stripe-mock, or Go to install it with, and neither is here' };
  const made = spawnSync('go', ['install', `github.com/stripe/stripe-mock@${version}`], {
    env: { ...process.env, GOBIN: folder },
    timeout: installMs,
    encoding: 'utf8',
  });
  if (made.status !== 0)
    return { why: `go could not install stripe-mock: ${String(made.stderr).trim().split('\n').at(-1)}` };
  return join(folder, 'stripe-mock');
}

async function withMock(program, work) {
  const [http, https] = [await freePortOf(), await freePortOf()];
  const mock = spawn(program, ['-http-addr', `127.0.0.1:${http}`, '-https-addr', `127.0.0.1:${https}`], {
    stdio: 'ignore',
  });
  try {
    const address = `http://127.0.0.1:${http}`;
    for (let tries = 0; ; tries++) {
      const up = await fetch(`${address}/v1/customers`, { headers: { authorization: 'Bearer sk_test_mock' } }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return await work(address);
      if (tries > 100) throw new Error('stripe-mock does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    mock.kill();
  }
}

/** Each kind of call that the service makes, with the parameters that the service itself makes. */
async function allCalls(apiBase) {
  const [
    { stripeClient },
    { stripePayments },
    { stripeAccounts },
    { stripeRefunds },
    { stripeBooks },
    { nextStep },
    { reconciledMonth },
    { makeCreateSubscription },
    { nextRefundStep },
  ] = await Promise.all([
    built('adapters/stripe/stripe-client.js'),
    built('adapters/stripe/stripe-payments.js'),
    built('adapters/stripe/stripe-accounts.js'),
    built('adapters/stripe/stripe-refunds.js'),
    built('adapters/stripe/stripe-books.js'),
    built('domain/charging.js'),
    built('domain/reconciled-month.js'),
    built('app/subscriptions.js'),
    built('domain/refund.js'),
  ]);
  const stripe = stripeClient({
    secretKey: 'sk_test_mock',
    webhookSecret: 'whsec_mock_secret',
    apiBase,
    timeoutMs: 10_000,
  });
  const [payments, accounts, refunds, books] = [
    stripePayments(stripe),
    stripeAccounts(stripe),
    stripeRefunds(stripe),
    stripeBooks(stripe),
  ];
  const nowMs = Date.now();
  const charge = {
    id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
    account: 'metered:user',
    userId: 'user',
    periodStartMs: nowMs,
    periodEndMs: nowMs + 1,
    block: 1n,
    plan: 'default',
    billingTier: '8M-16M',
    amountMinor: 10_000n,
    currency: 'BRL',
    crossedMs: nowMs,
    status: 'pending',
    reason: null,
    paymentIntent: null,
    attempts: 0,
    refusals: 0,
    unanswered: 0,
    attemptOpen: false,
    nextTryMs: nowMs,
    version: 1,
    owed: true,
    series: 0,
    cancelSent: false,
    creditedMs: null,
    creditNote: null,
  };
  const attemptOf = (more) =>
    nextStep({ ...charge, ...more }, { payer: { customerId: 'cus_1', paymentMethod: 'pm_1' }, last: null, nowMs })
      .attempt;
  const refund = {
    id: 'r',
    chargeId: charge.id,
    paymentIntent: 'pi_1',
    amountMinor: 10_000n,
    currency: 'BRL',
    status: 'approved',
    stripeRefund: null,
    attempts: 0,
    attemptOpen: false,
    nextTryMs: nowMs,
  };
  const later = { ...charge, status: 'failed', paymentIntent: 'pi_1', attempts: 1 };
  const month = reconciledMonth(new Date(nowMs).toISOString().slice(0, 7), 'UTC', nowMs);
  const subscribe = (paymentMethod) =>
    makeCreateSubscription({
      store: {
        answer: async () => null,
        begin: async (draft) => ({
          id: draft.id,
          subscriptionId: null,
          request: draft.request,
          createdMs: nowMs,
          view: null,
        }),
        told: async () => ({}),
        abandon: async () => undefined,
        keepAnswer: async ({ answer }) => answer,
      },
      customers: { paymentMethodOf: async () => paymentMethod },
      stripe: accounts,
      clock: { nowMs: () => nowMs },
      planAt: async () => ({
        included: 8_000_000n,
        block: 8_000_000n,
        blockPriceMinor: 10_000n,
        fixedFeeMinor: 40_000n,
        currency: 'BRL',
        timeZone: 'UTC',
        graceMs: 0,
      }),
    })({ customer_id: 'cus_1' });
  return [
    ['create a PaymentIntent', () => payments.send(attemptOf({}))],
    ['create another of a series', () => payments.send(attemptOf({ series: 1 }))],
    ['confirm it', () => payments.send(attemptOf(later))],
    ['cancel it', () => payments.send(attemptOf({ ...later, owed: false }))],
    ['retrieve it', () => payments.retrieve('pi_1')],
    ['look for it', () => payments.find({ customer: 'cus_1', chargeId: charge.id, createdFromMs: nowMs })],
    ['create a customer', () => accounts.createCustomer({ userId: 'user', key: 'k' })],
    ['read a customer', () => accounts.customer('cus_1')],
    ['set an e-mail address', () => accounts.setEmail('cus_1', 'ada@example.org')],
    ['attach a payment method', () => accounts.attach({ customer: 'cus_1', paymentMethod: 'pm_1' })],
    ['find or make product and price', () => accounts.price({ amountMinor: 40_000n, currency: 'BRL' })],
    ['create a product', () => stripe.products.create({ id: 'tollgate_monthly_fee', name: 'Monthly fee' })],
    [
      'create a price',
      () =>
        stripe.prices.create({
          product: 'tollgate_monthly_fee',
          currency: 'brl',
          unit_amount: 40_000,
          recurring: { interval: 'month' },
          lookup_key: 'k',
        }),
    ],
    ['create a subscription', () => subscribe('pm_1')],
    ['create one without a payment method', () => subscribe(null)],
    ['look for a subscription', () => accounts.findSubscription({ customer: 'cus_1', ours: 'x' })],
    ['read a subscription', () => accounts.subscription('sub_1')],
    ['list invoices of a subscription', () => accounts.invoicesOf({ customer: 'cus_1', subscription: 'sub_1' })],
    [
      'pay an invoice',
      () =>
        stripe.invoices.pay('in_1', { payment_method: 'pm_1', off_session: true }, { idempotencyKey: 'in_1:pay:1' }),
    ],
    ['refund', () => refunds.send(nextRefundStep(refund, { last: null, nowMs }).attempt)],
    ['list refunds of a payment', () => refunds.ofPayment('pi_1')],
    ['list payments of a month', () => books.payments(month, 'pi_1')],
    ['list payments of invoices', () => books.invoicePayments(month, 'inpay_1')],
    ['list invoices of a month', () => books.invoices(month, 'in_1')],
    ['list refunds of a month', () => books.refunds(month, 're_1')],
    ['ask whether a payment is of an invoice', () => books.isOfInvoice('pi_1')],
    ['retrieve an invoice', () => books.invoice('in_1')],
    ['retrieve a refund', () => books.refund('re_1')],
  ];
}
