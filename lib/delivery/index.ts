export * from './attachment';
export * from './downloader';
export * from './init-container-position';
export * from './model-delivery';
export * from './model-volume';
export * from './pod-parts';
export * from './s3-download-options';
