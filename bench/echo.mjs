// The limit of the HTTP stack: fastify that parses the body and answers from memory, nothing else.
import fastify from 'fastify';

const app = fastify();
const answer = {
  entry: {
    id: '29-3',
    account: 'bench',
    seq: '3',
    kind: 'spent',
    amount: '-1',
    balance_after: '999',
    unit: 'unit',
    recorded_at: new Date(0).toISOString(),
  },
  available: '999',
};
app.post('/v1/accounts/:id/spend', async (request) => ({ ...answer, asked: request.body.amount }));
app.get('/v1/accounts/:id', async (request) => ({ ...answer, id: request.params.id }));
process.stdout.write(`echo ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
