export { amountMax, amountMin, divCeil, divFloor, inAmountRange, parseAmount } from './amount.ts';
export type { ErrorCode, ErrorDetails, ErrorKind } from './app-error.ts';
export { AppError, assertNever, errorCodes, invariant } from './app-error.ts';
export type { Clock } from './clock.ts';
export { wallClock } from './clock.ts';
export { csvCell } from './csv.ts';
export { ancestorsOf, familyOf, hasDotSegment, partitionOf, placementVersion } from './placement.ts';
export { canonicalJson, hasAtMost, isStorableJson, isStorableText } from './text.ts';
export { uuidV3, uuidV5 } from './uuid.ts';
