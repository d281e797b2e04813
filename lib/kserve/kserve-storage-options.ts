/** Options of an address that KServe is given as it is. */
export interface KserveStorageOptions {
  /**
   * Whether the tag `latest` of an image, or an image without a tag, is accepted: pods that start later then have other bytes. Only where the address is of
   * an image.
   *
   * @default false
   */
  readonly acknowledgeLatest?: boolean;
}
