/** A real single-broker Apache Kafka of a test; it ends with the process that started it. */
export type TestKafka = {
  /** `host:port`, as TEST_KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** Ends it cleanly and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL: what was acknowledged must still be there after `restart`. */
  kill(): Promise<void>;
  /** The same data on the same ports. Ends it first when it runs. */
  restart(): Promise<void>;
  /** Connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
};

/** Properties of a broker of tests: small, alone, quick to form a group, and without topics that nobody created. */
export const brokerProperties = `num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=2000
log.cleaner.dedupe.buffer.size=16777216
`;
