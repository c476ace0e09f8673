# The code lives in /opt/yaradb and never in /app: compose files of the Python YaraDB mount their data at /app.

FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install scripts: the one that matters downloads Node, which this image has.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:26-slim
# The server runs as the unprivileged user `node` (1000:1000). The container starts as root only so that the server can take
# over a data folder that Docker made as root, and gives root up before it opens anything (--run-as). With
# `docker run --user …` or `user:` it never is root.
ENV NODE_ENV=production \
    YARADB_HOST=0.0.0.0 \
    YARADB_DATA_DIR_DEFAULT=/data \
    YARADB_RUN_AS=1000:1000
WORKDIR /opt/yaradb
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY LICENSE ./
RUN install --directory --owner=node --group=node /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:' + (process.env.YARADB_PORT || 8000) + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# In exec form the server is process 1 itself, so that it gets SIGTERM from `docker stop`.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
