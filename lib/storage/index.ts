export * from './access-table';
export * from './model-bucket';
export * from './model-bucket-grants';
export * from './model-bucket-props';
export * from './model-pruner';
export * from './tenant-guard';
