export * from './engine';
export * from './manifest-target';
export * from './model-manifests';
export * from './model-server';
export * from './model-server-props';
export * from './toleration';
