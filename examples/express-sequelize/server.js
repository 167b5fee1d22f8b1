// Articles for everybody, and backups for the staff: until AdminBackupJob is there, a list of backups fails.
const express = require('express');
const { Sequelize, DataTypes } = require('sequelize');

const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false });
const Article = sequelize.define('articles', { title: DataTypes.TEXT }, { timestamps: false });
const BackupJob = sequelize.define(
  'AdminBackupJob',
  { type: DataTypes.ENUM('FULL', 'INCREMENTAL'), status: DataTypes.ENUM('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED') },
  { tableName: 'AdminBackupJob', timestamps: false },
);
const app = express();
app.use(express.json());

app.get('/articles', async (_request, response) => response.json(await Article.findAll()));

app.use('/admin', (request, response, next) => {
  if (request.get('Authorization') !== 'Bearer staff') return response.status(401).json({ error: 'staff only' });
  next();
});
app.get('/admin/backups/settings', (_request, response) => response.json({ keep: 7 }));
app.get('/admin/backups', async (_request, response) => response.json(await BackupJob.findAll()));
app.post('/admin/backups', async (request, response) => response.status(201).json(await BackupJob.create(request.body)));

app.listen(Number(process.env.APP_PORT ?? 3000), '127.0.0.1');
