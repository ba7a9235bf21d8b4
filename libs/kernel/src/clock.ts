/**
 * The platform's time in milliseconds since 1970 (UTC). Business rules read this one only; time-outs and logins use the
 * real clock.
 */
export type Clock = { nowMs(): number };

export const wallClock: Clock = { nowMs: () => Date.now() };
