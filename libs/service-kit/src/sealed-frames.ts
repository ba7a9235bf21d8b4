import { createCipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Bytes before the content of a frame: its length, then its MAC. */
const lengthBytes = 4;
const macBytes = 16;
export const headBytes = lengthBytes + macBytes;

/** What two ends of a connection agree on: keys that no other connection has, one a direction. */
export type SessionKeys = { readonly toServer: KeyObject; readonly toClient: KeyObject };

/** `purpose` keeps the ports of a platform apart; the nonces make every connection's keys its own. */
export function sessionKeys(
  secret: string,
  about: { readonly purpose: string; readonly serverNonce: string; readonly clientNonce: string },
): SessionKeys {
  const { purpose, serverNonce, clientNonce } = about;
  const keyFor = (use: string): KeyObject =>
    createSecretKey(
      createHmac('sha256', secret).update(`tollgate-wire\n${use}\n${purpose}\n${serverNonce}\n${clientNonce}`).digest(),
    );
  return { toServer: keyFor('to-server'), toClient: keyFor('to-client') };
}

/**
 * Numbers the frames of one direction and seals each; a frame that is left out, repeated or changed fits no seal any
 * more. The seal is GMAC (AES-256-GCM over data that is not encrypted): 3 µs whatever the size, where HMAC-SHA-256
 * takes 15 for the answers of a batch. Its number is the nonce, so no key sees a nonce twice.
 */
export class Sealer {
  readonly #key: KeyObject;
  readonly #number = Buffer.alloc(12);
  #sent = 0n;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** The whole frame. */
  frame(text: string): Buffer {
    const size = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(headBytes + size);
    frame.writeUInt32BE(size, 0);
    frame.write(text, headBytes);
    this.#mac(frame.subarray(headBytes)).copy(frame, lengthBytes);
    return frame;
  }

  /** Whether `mac` seals `content` as the next frame. */
  opens(mac: Buffer, content: Buffer): boolean {
    return timingSafeEqual(mac, this.#mac(content));
  }

  #mac(content: Buffer): Buffer {
    this.#number.writeBigUInt64BE(this.#sent++, 4);
    const seal = createCipheriv('aes-256-gcm', this.#key, this.#number, { authTagLength: macBytes });
    seal.setAAD(content);
    seal.final();
    return seal.getAuthTag();
  }
}

/** Cuts what arrives into frames. @throws RangeError for a frame above `sizeMax`, before it is kept. */
export class FrameReader {
  /** Bytes of content that a frame may have. */
  sizeMax: number;
  #parts: Buffer[] = [];
  #held = 0;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#held += bytes.length;
  }

  /** The next whole frame; null: not all of it is there. */
  next(): { readonly mac: Buffer; readonly content: Buffer } | null {
    if (this.#held < lengthBytes) return null;
    if ((this.#parts[0]?.length ?? 0) < headBytes && this.#parts.length > 1) this.#join();
    const [first] = this.#parts;
    if (first === undefined || first.length < lengthBytes) return null;
    const size = first.readUInt32BE(0);
    if (size > this.sizeMax) throw new RangeError(`a frame of ${size} bytes, more than ${this.sizeMax}`);
    const whole = headBytes + size;
    if (this.#held < whole) return null;
    if (first.length < whole) this.#join();
    const [bytes = Buffer.alloc(0)] = this.#parts;
    this.#held -= whole;
    this.#parts = bytes.length > whole ? [bytes.subarray(whole)] : [];
    return { mac: bytes.subarray(lengthBytes, headBytes), content: bytes.subarray(headBytes, whole) };
  }

  #join(): void {
    this.#parts = [Buffer.concat(this.#parts)];
  }
}
