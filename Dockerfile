# syntax=docker/dockerfile:1
# One image for all services and the operator's program; the command says which:
#   node services/<service>/dist/main.js  ·  node services/platform/dist/cli/main.js <command>

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/contracts/package.json libs/contracts/
COPY libs/kernel/package.json libs/kernel/
COPY libs/messaging/package.json libs/messaging/
COPY libs/persistence/package.json libs/persistence/
COPY libs/pricing/package.json libs/pricing/
COPY libs/service-kit/package.json libs/service-kit/
COPY libs/stripe-simulator/package.json libs/stripe-simulator/
COPY libs/system-tests/package.json libs/system-tests/
COPY libs/testing/package.json libs/testing/
COPY services/billing/package.json services/billing/
COPY services/gateway/package.json services/gateway/
COPY services/ledger/package.json services/ledger/
COPY services/optimizer/package.json services/optimizer/
COPY services/platform/package.json services/platform/
COPY services/quota/package.json services/quota/
RUN --mount=type=cache,target=/var/cache/npm npm ci --cache /var/cache/npm --include=dev --no-audit --no-fund
COPY tsconfig.base.json tsconfig.json ./
COPY libs libs
COPY services services
RUN node_modules/.bin/tsc -b
# What only building, testing and the embedded mode need stays behind: the image brings Node, the network PostgreSQL.
# sharp finds its own library among its optional packages: these are kept.
RUN cp -a node_modules/@img /tmp/img && npm prune --omit=dev --omit=optional --no-audit --no-fund \
  && rm -rf node_modules/@img && mv /tmp/img node_modules/@img && rm -rf node_modules/.cache libs/testing libs/system-tests \
  && find libs services \( -name '*.ts' -o -name '*.map' -o -name '.tsbuildinfo' \) -delete

FROM node:24-bookworm-slim
WORKDIR /app
# Room for what lives for one request: the garbage collector takes a tenth less of the processor.
ENV NODE_ENV=production HOST=0.0.0.0 NODE_OPTIONS=--max-semi-space-size=32
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/libs libs
COPY --from=build --chown=root:root /app/services services
USER node
STOPSIGNAL SIGTERM
CMD ["node", "services/gateway/dist/main.js"]
