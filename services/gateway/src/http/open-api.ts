import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** `/api-docs` and `/api-docs-json`; the document is made when it is first asked for. */
export function serveApiDocs(app: NestFastifyApplication): void {
  const about = new DocumentBuilder()
    .setTitle('Tollgate')
    .setDescription('Usage metering and billing: refuse at the moment of use, keep the books like a bank.')
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-server-api-key' }, 'server-key')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'user-key')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-token' }, 'activation-key')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'login')
    .build();
  SwaggerModule.setup('api-docs', app, () => SwaggerModule.createDocument(app, about), { jsonDocumentUrl: 'api-docs-json' });
}
