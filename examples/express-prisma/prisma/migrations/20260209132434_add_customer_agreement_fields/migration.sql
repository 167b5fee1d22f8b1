-- AlterTable
ALTER TABLE "customers" ADD COLUMN     "agreementFileMimeType" TEXT,
ADD COLUMN     "agreementFileName" TEXT,
ADD COLUMN     "agreementFileUrl" TEXT,
ADD COLUMN     "agreementUploadedAt" TIMESTAMP(3),
ADD COLUMN     "agreementUploadedByEmail" TEXT;
