// `npm run bench`: set-up as for start, then the benchmarks on the built platform.
await import('../bench/main.mjs');
