// jest globalTeardown: stops what the run started and lists what could not run.
export default async function teardown() {
  await globalThis.tollgateTestRun?.stop();
}
