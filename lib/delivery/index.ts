export * from './attachment';
export * from './downloader';
export * from './model-delivery';
export * from './model-volume';
export * from './pod-parts';
export * from './s3-download-options';
