// at: services/quota/src/app/quotas.ts
// refused by: no-restricted-syntax
export class Held {
  private readonly units = 1n;

  left(): bigint {
    return this.units;
  }
}
