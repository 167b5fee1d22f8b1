-- CreateTable
CREATE TABLE "Note" ("id" INTEGER PRIMARY KEY);
