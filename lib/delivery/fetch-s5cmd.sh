# Fetches with s5cmd 2.3: fast and small, but it knows no Pod Identity, checks no bytes, and `sync` reports success
# for an empty folder. So: one key at a time or a file of keys, Pod Identity through the bridge, bytes checked after.

fetch_batch_limit=500
fetch_options='--raw --concurrency 8 --part-size 128'
fetch_error_prefix='^ERROR ".*": '
# Decisive first: <class> <pattern>.
fetch_errors='space no space left on device|disk quota exceeded
archived InvalidObjectState
region BucketRegionError|PermanentRedirect|AuthorizationHeaderMalformed|status code: 301
credentials ExpiredToken|InvalidToken|InvalidAccessKeyId|SignatureDoesNotMatch|NoCredentialProviders|ProcessProvider|WebIdentityErr|AssumeRoleWithWebIdentity|CredentialRequiresARNError
transient RequestTimeTooSkewed
missing NoSuchKey|NoSuchBucket|NoSuchVersion|NotFound|status code: 404
denied AccessDenied|Forbidden|status code: 403'

fetch_prepare() {
  s5cmd_binary=${S5CMD:-$(command -v s5cmd || printf /s5cmd)}
  # The SDK hands the line to sh: nothing in it may need quotes.
  case $0 in *[!A-Za-z0-9._/-]*) die 64 "TMPDIR must be a plain path, the program is at $0" ;; esac
  printf '[default]\n' > "$AWS_CONFIG_FILE"
  [ "$identity" != pod-identity ] || printf 'credential_process = sh %s credentials\n' "$0" >> "$AWS_CONFIG_FILE"
  S3_ENDPOINT_URL=${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL-}}
  [ -n "$S3_ENDPOINT_URL" ] || return 0
  [ "$identity" != web-identity ] || die 64 "settings: s5cmd would send the token of the service account to $S3_ENDPOINT_URL instead of AWS STS: leave the endpoint out, or use the AWS CLI"
  export S3_ENDPOINT_URL
}

# <URL> <file name in the current folder>
fetch_object() {
  # shellcheck disable=SC2086 # a list of options
  limited "$attempt_limit" "$s5cmd_binary" --log error --retry-count 1 cp $fetch_options "$1" "$2"
}

# <file of "URL file-name" lines, none of which needs quotes>
fetch_batch() {
  while read -r batch_url batch_file; do
    printf 'cp %s %s %s\n' "$fetch_options" "$batch_url" "$batch_file"
  done < "$1" > "$1.run"
  limited "$attempt_limit" "$s5cmd_binary" --log error --retry-count 1 --numworkers 16 run "$1.run"
}
