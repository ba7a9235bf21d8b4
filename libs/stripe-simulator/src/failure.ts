/** An error as Stripe answers it. */
export class SimulatedFailure extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  constructor(status: number, error: Readonly<Record<string, unknown>>) {
    super(String(error['message']));
    this.status = status;
    this.body = { error };
  }
}

export const invalid = (message: string, more: Readonly<Record<string, unknown>> = {}): SimulatedFailure =>
  new SimulatedFailure(400, { type: 'invalid_request_error', message, ...more });

export const missing = (what: string, id: string, param = 'id'): SimulatedFailure =>
  new SimulatedFailure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param,
    message: `No such ${what}: '${id}'`,
  });
