import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '4.3.1';

/** The folder that keeps the broker between checkouts and runs. */
export function kafkaCache(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'tollgate', `kafka-${version}`);
}

/**
 * The class path of Apache Kafka, fetched once from Maven Central with the local Maven. The folder appears by a rename,
 * so several processes may ask at once.
 * @throws Error that says what is missing: Java, Maven or the network.
 */
export async function kafkaClassPath(): Promise<string> {
  const cache = kafkaCache();
  const libs = join(cache, 'libs');
  if (existsSync(libs)) return `${libs}/*`;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom);
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs', '-DincludeScope=runtime'], {
      cwd: work,
      timeout: 300_000,
    });
    if (readdirSync(join(work, 'libs')).length < 10) throw new Error('Maven copied too few jars');
    try {
      renameSync(join(work, 'libs'), libs);
    } catch (error) {
      if (!existsSync(libs)) throw error;
    }
  } catch (error) {
    throw new Error(`Apache Kafka cannot be fetched (it takes Maven and a repository): ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return `${libs}/*`;
}

/** The local Java's version line. @throws Error when there is none. */
export async function javaVersion(): Promise<string> {
  try {
    return (await run('java', ['-version'])).stderr.split('\n').slice(1, 2).join('');
  } catch (error) {
    throw new Error(`Apache Kafka needs a Java on the PATH: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message.slice(0, 500) : String(error));

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tollgate</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>${version}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.4</version></dependency>
  </dependencies>
</project>
`;
