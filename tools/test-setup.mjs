// jest globalSetup: opens the run that hands PostgreSQL and Kafka to the specs that ask (libs/testing). Nothing is
// started yet.
import { startTestRun } from '../libs/testing/src/test-run.ts';

export default async function setup() {
  globalThis.tollgateTestRun = await startTestRun();
}
