export * from './deployment-mode';
export * from './inference-service';
export * from './inference-service-props';
export * from './kserve-storage';
export * from './kserve-storage-options';
export * from './modelcar-configuration';
export * from './modelcar-configuration-options';
