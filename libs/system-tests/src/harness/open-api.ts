import type { ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';

import type { Client, Observed } from './client.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;
export type Content = Readonly<
  Record<
    string,
    {
      readonly schema?: JsonSchema;
      readonly example?: unknown;
      readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
    }
  >
>;
export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
};
export type Operation = {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
};
export type Route = { readonly method: string; readonly path: string; readonly operation: Operation };

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the platform says of itself under `/api-docs-json`, and whether what it does agrees. */
export class ApiDocument {
  readonly document: Document;
  readonly routes: readonly Route[];
  /**
   * `closed`: a member that the schema does not name is a fault, because an answer must not hold what nobody may rely
   * on.
   */
  readonly #open: Ajv;
  readonly #closed: Ajv;
  readonly #compiled = new Map<JsonSchema, ValidateFunction>();

  private constructor(document: Document) {
    this.document = document;
    this.routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
    [this.#open, this.#closed] = [false, true].map((closed) => validatorOf(document, closed)) as [Ajv, Ajv];
  }

  static async read(client: Client): Promise<ApiDocument> {
    const { status, body } = await client.get<Document>('/api-docs-json');
    if (status !== 200) throw new Error(`the document was answered ${status}`);
    return new ApiDocument(body);
  }

  /** The documented route of a request; a fixed segment goes before a parameter, as in routing. */
  routeOf(method: string, url: string): Route | undefined {
    const segments = (url.split(/[?#]/, 1)[0] ?? '').split('/');
    const fits = (path: string): boolean => {
      const parts = path.split('/');
      return (
        parts.length === segments.length && parts.every((part, at) => part.startsWith('{') || part === segments[at])
      );
    };
    const parameters = ({ path }: Route): number => path.split('{').length;
    return this.routes
      .filter((route) => route.method === method && fits(route.path))
      .sort((a, b) => parameters(a) - parameters(b))[0];
  }

  /** What is wrong with a value by a schema of the document; null: nothing. */
  faultOf(schema: JsonSchema, value: unknown, { closed = false }: { readonly closed?: boolean } = {}): string | null {
    const ajv = closed ? this.#closed : this.#open;
    let validate = closed ? undefined : this.#compiled.get(schema);
    if (validate === undefined) {
      validate = ajv.compile(converted(schema, closed) as object);
      if (!closed) this.#compiled.set(schema, validate);
    }
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: 'value' });
  }

  /** What of an answer is not as documented; null: nothing, or there is no such route. */
  answerFault({ method, url, status, contentType, body }: Observed): string | null {
    const route = this.routeOf(method, url);
    if (route === undefined || status === 405) return null;
    const response = route.operation.responses[String(status)];
    const where = `${method} ${route.path} answered ${status}`;
    if (response === undefined) return `${where}, which is not documented: ${JSON.stringify(body).slice(0, 300)}`;
    const content = response.content?.[contentType];
    if (content === undefined) return `${where} as ${contentType}, which is not documented`;
    const fault =
      content.schema === undefined ? 'without a schema' : this.faultOf(content.schema, body, { closed: true });
    return fault === null ? null : `${where}: ${fault}: ${JSON.stringify(body).slice(0, 300)}`;
  }
}

function validatorOf(document: Document, closed: boolean): Ajv {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    formats: { 'date-time': isoTime, uuid, duration: /^P/, binary: true },
  });
  return ajv.addSchema({ $id: 'document', components: { schemas: converted(document.components.schemas, closed) } });
}

/** OpenAPI 3.0's `nullable` in the words of JSON schema. */
function converted(value: unknown, closed: boolean): unknown {
  if (typeof value === 'string') return value.replace(/^#\/components\//, 'document#/components/');
  if (Array.isArray(value)) return value.map((item) => converted(item, closed));
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, example: _example, ...rest } = value as JsonSchema;
  const plain = Object.fromEntries(Object.entries(rest).map(([name, item]) => [name, converted(item, closed)]));
  if (closed && isObjectSchema(plain) && plain['additionalProperties'] === undefined)
    plain['additionalProperties'] = false;
  return nullable === true ? { anyOf: [plain, { type: 'null' }] } : plain;
}

const isObjectSchema = (schema: Record<string, unknown>): boolean =>
  schema['type'] === 'object' && typeof schema['properties'] === 'object';
