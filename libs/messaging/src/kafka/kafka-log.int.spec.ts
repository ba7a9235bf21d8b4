import { startKafka, describeWith, whyNot } from '@tollgate/testing';
import { eventLogContract } from '../event-log.contract.ts';
import { openKafkaLog } from './kafka-log.ts';

describeWith('kafka', await whyNot('kafka'), 'The log on Apache Kafka', () => {
  eventLogContract('Kafka', async () => {
    const server = await startKafka();
    return {
      open: () => openKafkaLog({ brokers: [server.brokers], clientId: 'contract', onTrouble: (m, e) => process.env['DEBUG_LOG'] && console.error(m, e) }),
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: () => server.stop(),
    };
  });
});
