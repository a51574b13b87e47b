ARG NODE_IMAGE=node:24-alpine

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts ./scripts
COPY fixtures ./fixtures
COPY scenarios ./scenarios
RUN npm run build && npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 QLINK_DATA=/data/qlink.json
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY --from=build /app/fixtures ./fixtures
COPY --from=build /app/scenarios ./scenarios
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4800
# Asked often, so that the container counts as healthy within two seconds of being ready. Where the engine knows
# --health-start-interval, a longer --health-interval can be given when the container is started.
HEALTHCHECK --interval=1500ms --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "require('http').get({ port: process.env.PORT || 4800, path: '/health' }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
