export type { AnswerReceiver, AnswerSender } from './answers.ts';
export { createInProcessAnswers } from './answers/in-process.ts';
export type { ReplyAddress } from './answers/reply-address.ts';
export { signReplyAddress } from './answers/reply-address.ts';
export type { TcpAnswerReceiverOptions } from './answers/tcp-receiver.ts';
export { createTcpAnswerReceiver } from './answers/tcp-receiver.ts';
export type { TcpAnswerSenderOptions } from './answers/tcp-sender.ts';
export { createTcpAnswerSender } from './answers/tcp-sender.ts';
export type { EmbeddedLogOptions } from './embedded/embedded-log.ts';
export { openEmbeddedLog, readEmbeddedLog } from './embedded/embedded-log.ts';
export { embeddedLogMigrations, embeddedLogSchema } from './embedded/migrations.sql.ts';
export type {
  Appended,
  EventLog,
  LogRecord,
  OutgoingRecord,
  PartitionHandler,
  RecordHeaders,
  SubscribeOptions,
  Subscription,
  TopicDescription,
  TopicPartition,
  TopicSpec,
} from './event-log.ts';
export type { KafkaLogOptions } from './kafka/kafka-log.ts';
export { openKafkaLog } from './kafka/kafka-log.ts';
export type { ConsumerFailure, ConsumerRunnerOptions } from './nest/consumer-runner.ts';
export { ConsumerRunner, deadLetterHeaders } from './nest/consumer-runner.ts';
export type { EventLogServerOptions } from './nest/event-log-server.ts';
export { EventLogServer } from './nest/event-log-server.ts';
export { RecordContext } from './nest/record-context.ts';
