export * from './access';
export * from './model';
export * from './storage';
