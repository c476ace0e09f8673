# The code lives in /opt/yaradb and never in /app: compose files of the Python YaraDB mount their data at /app.

FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install scripts: the one that matters downloads Node, which this image has.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/copy-viewer.mjs ./scripts/
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:26-slim
# The server runs as the unprivileged user `node` (1000:1000). The container starts as root only so that the server can take
# over a data folder that Docker made as root, and gives root up before it opens anything (--run-as). With
# `docker run --user …` or `user:` it never is root. It answers the whole network, so it asks for tokens also while there is none;
# `docker exec CONTAINER yaradb token create --role admin` makes the first.
ENV NODE_ENV=production \
    YARADB_HOST=0.0.0.0 \
    YARADB_AUTH=required \
    YARADB_DATA_DIR_DEFAULT=/data \
    YARADB_RUN_AS=1000:1000
WORKDIR /opt/yaradb
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY LICENSE ./
RUN install --directory --owner=node --group=node /data \
  && chmod +x dist/cli/main.js && ln -s /opt/yaradb/dist/cli/main.js /usr/local/bin/yaradb
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "--eval", "const { YARADB_PORT, YARADB_TLS_CERT } = process.env; require(YARADB_TLS_CERT ? 'https' : 'http').get({ port: YARADB_PORT || 8000, path: '/livez', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# In exec form the server is process 1 itself, so that it gets SIGTERM from `docker stop`.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
