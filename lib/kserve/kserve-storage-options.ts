/** Options of an address that KServe is given as it is. */
export interface KserveStorageOptions {
  /**
   * Whether the tag `latest` of an image, or an image without a tag, is accepted: pods that start later then have other bytes. Only where the address is of
   * an image.
   *
   * @default false
   */
  readonly acknowledgeLatest?: boolean;

  /**
   * Whether a scheme that KServe does not know by itself is accepted, such as `model-registry://`: a ClusterStorageContainer of the cluster must take it, or
   * the service gets no pods.
   *
   * @default false
   */
  readonly acknowledgeScheme?: boolean;
}
