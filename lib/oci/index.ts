export * from './model-image';
export * from './model-image-base';
export * from './model-image-builder';
export * from './model-image-builder-props';
export * from './model-image-repository';
