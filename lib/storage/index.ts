export * from './model-bucket';
export * from './model-bucket-grants';
