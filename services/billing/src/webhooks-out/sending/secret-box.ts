import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Seals the secrets of subscribers, so that the database or a backup alone is not enough to forge a signature. */
export type SecretBox = {
  /** Bound to `owner`: a row's secret cannot be put into another row. */
  seal(secret: string, owner: string): string;
  /** null: it was sealed with another key, for another owner, or changed since. */
  open(sealed: string, owner: string): string | null;
};

const version = 'v1';
const [ivBytes, tagBytes] = [12, 16];

/** AES-256-GCM under a key that is made of WEBHOOK_ENCRYPTION_KEY. */
export function secretBox(encryptionKey: string): SecretBox {
  const key = Buffer.from(hkdfSync('sha256', encryptionKey, '', 'tollgate webhook secrets', 32));
  return {
    seal: (secret, owner) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${version}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    open: (sealed, owner) => {
      const [given, rest = ''] = sealed.split('.');
      const bytes = Buffer.from(rest, 'base64url');
      if (given !== version || bytes.length < ivBytes + tagBytes) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      }).setAAD(Buffer.from(owner));
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
