export * from './model-artifact';
export * from './model-checksums';
