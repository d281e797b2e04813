export * from './model-reader-role';
export * from './pod-identity-association';
export * from './service-account';
export * from './service-account-role';
export * from './session-tag';
export * from './workload-identity';
