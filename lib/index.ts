export * from './access';
export * from './delivery';
export * from './kserve';
export * from './model';
export * from './oci';
export * from './storage';
export * from './workload';
