import type { Feature, Upstream } from '../app/credit-work.ts';

const standIn =
  (content: Readonly<Record<string, string>>): Upstream =>
  async () => ({ content, standIn: true });

/** Answers in place of a product service that is not configured. It does no work and says so. */
export const standIns: Readonly<Record<Feature, Upstream>> = {
  'start-workflow': standIn({
    message:
      'Accepted by the built-in stand-in, which generates nothing: set WORKFLOW_URL to your code generation service',
  }),
  review: standIn({
    review: 'This is the built-in stand-in, which reviews nothing: set REVIEW_URL to your code review service',
  }),
};
