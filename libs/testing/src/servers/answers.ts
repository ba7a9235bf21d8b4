import { connect } from 'node:net';

/** Whether a start-up packet gets an authentication request ('R') back: an error ('E') means still starting. */
export function answersStartup(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const packet = Buffer.alloc(8 + parameters.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(196_608, 4);
  parameters.copy(packet, 8);
  return firstByte(port, { packet, waitMs: 1_000, expected: (byte) => byte === 0x52 });
}

/** Whether a broker answers an ApiVersions request. */
export function answersApiVersions(port: number): Promise<boolean> {
  // Size 10; API key 18, version 0, correlation id 1, null client id.
  const packet = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
  return firstByte(port, { packet, waitMs: 2_000, expected: () => true });
}

function firstByte(
  port: number,
  of: { readonly packet: Buffer; readonly waitMs: number; readonly expected: (byte: number | undefined) => boolean },
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(of.packet));
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(of.waitMs, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (data) => done(of.expected(data[0])));
  });
}
