export type {
  Appended, EventLog, LogRecord, OutgoingRecord, PartitionHandler, RecordHeaders, SubscribeOptions, Subscription, TopicDescription,
  TopicPartition, TopicSpec,
} from './event-log.ts';
export type { AnswerReceiver, AnswerSender } from './answers.ts';
