// at: services/quota/src/index.ts
// refused by: @typescript-eslint/no-floating-promises
export function run(): void {
  Promise.resolve(1);
}
