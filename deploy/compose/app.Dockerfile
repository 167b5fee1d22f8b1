# The application of the compose file: any Node.js application looks like this.
FROM node:22-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY . .
# The image calls it `node`.
USER 1000:1000
EXPOSE 8080
CMD ["node", "server.js"]
