# Where a model is in S3: what its downloaders have in common.

fetch_source='s3://bucket/prefix/'
fetch_missing='not published under that version, or not granted to this namespace and service account'
fetch_region=1

is_source() {
  case $1 in s3://?*/?*/) ;; *) return 1 ;; esac
}
