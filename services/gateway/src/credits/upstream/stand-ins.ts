import type { Feature, Upstream } from '../app/credit-work.ts';

const standIn =
  (content: Readonly<Record<string, string>>): Upstream =>
  async () => ({ content, standIn: true });

/**
 * What answers in embedded mode where no product service is configured. It does no work, and says so in its answers.
 */
export const standIns: Readonly<Record<Feature, Upstream>> = {
  'start-workflow': standIn({
    message:
      'Accepted by the built-in stand-in, which generates nothing: set WORKFLOW_URL to your code generation service',
  }),
  review: standIn({
    review: 'This is the built-in stand-in, which reviews nothing: set REVIEW_URL to your code review service',
  }),
};
