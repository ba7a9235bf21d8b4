/** Layout is the machine's work: `npm run format` writes it, `npm test` refuses what differs. */
export default { printWidth: 120, singleQuote: true, trailingComma: 'all' };
