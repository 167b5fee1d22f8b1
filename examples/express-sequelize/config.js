// As sequelize-cli wants it: an entry for each NODE_ENV.
const settings = { dialect: 'postgres', use_env_variable: 'DATABASE_URL', logging: false };

module.exports = { development: settings, production: settings };
