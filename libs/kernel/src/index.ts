export { amountMax, amountMin, divCeil, divFloor, inAmountRange, parseAmount } from './amount.ts';
export { AppError, assertNever, errorCodes, invariant } from './app-error.ts';
export type { ErrorCode, ErrorDetails, ErrorKind } from './app-error.ts';
export { ancestorsOf, familyOf, hasDotSegment, partitionOf, placementVersion } from './placement.ts';
export { canonicalJson, hasAtMost, isStorableJson, isStorableText } from './text.ts';
export { wallClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { uuidV3, uuidV5 } from './uuid.ts';
export { csvCell } from './csv.ts';
