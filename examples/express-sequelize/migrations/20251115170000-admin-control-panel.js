module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('AdminBackupJob', {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      type: { type: Sequelize.ENUM('FULL', 'INCREMENTAL'), allowNull: false },
      status: { type: Sequelize.ENUM('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED'), allowNull: false, defaultValue: 'QUEUED' },
    });
  },
  async down(queryInterface) {
    await queryInterface.dropTable('AdminBackupJob');
  },
};
