export * from './downloader';
export * from './model-delivery';
export * from './pod-parts';
export { S3DownloadOptions } from './s3-download';
