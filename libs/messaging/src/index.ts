export type {
  Appended, EventLog, LogRecord, OutgoingRecord, PartitionHandler, RecordHeaders, SubscribeOptions, Subscription, TopicDescription,
  TopicPartition, TopicSpec,
} from './event-log.ts';
export type { AnswerReceiver, AnswerSender } from './answers.ts';
export { openEmbeddedLog, readEmbeddedLog } from './embedded/embedded-log.ts';
export type { EmbeddedLogOptions } from './embedded/embedded-log.ts';
export { openKafkaLog } from './kafka/kafka-log.ts';
export type { KafkaLogOptions } from './kafka/kafka-log.ts';
export { embeddedLogMigrations, embeddedLogSchema } from './embedded/migrations.sql.ts';
