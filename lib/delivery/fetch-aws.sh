# Fetches with AWS CLI v2: native Pod Identity and a checksum of its own. One object a command: `--recursive` lists,
# and loses the checksum of big files; the CRT client reports an object replaced meanwhile as success without a file.

fetch_batch_limit=1
fetch_error_prefix='^(download failed: .* to [^ ]*[0-9]+[.]file |fatal error: )'
# Decisive first: <class> <pattern>. A HEAD has no body: an expired token is a bare 400 there.
fetch_errors='space Errno 28|No space left on device|Errno 122
mismatch did not match calculated checksum
archived InvalidObjectState|is of storage class GLACIER
region PermanentRedirect|AuthorizationHeaderMalformed|error occurred [(]301[)]|[(]IllegalLocationConstraintException[)]
credentials ExpiredToken|InvalidToken|InvalidAccessKeyId|SignatureDoesNotMatch|Unable to locate credentials|retrieving credentials|error occurred [(]400[)]
transient RequestTimeTooSkewed
missing error occurred [(](404|NoSuchKey|NoSuchBucket|NoSuchVersion)[)]
denied error occurred [(](403|AccessDenied)[)]'

fetch_prepare() {
  aws_binary=${AWS:-aws}
  printf '[default]\ns3 =\n  preferred_transfer_client = classic\n' > "$state/aws-config"
  export AWS_CONFIG_FILE="$state/aws-config" AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
  export AWS_MAX_ATTEMPTS=2 AWS_RETRY_MODE=standard HOME="$state"
  # Any of these would be preferred to Pod Identity.
  unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  # Its HTTP client honours proxies for the agent too, unless told otherwise.
  agent_host=${AWS_CONTAINER_CREDENTIALS_FULL_URI-}
  agent_host=${agent_host#*://} agent_host=${agent_host%%/*}
  case $agent_host in '['*) agent_host=${agent_host%%]*} agent_host=${agent_host#?} ;; *) agent_host=${agent_host%%:*} ;; esac
  no_proxy=${no_proxy:-${NO_PROXY-}}
  export no_proxy="${no_proxy:+$no_proxy,}$agent_host"
  export NO_PROXY="$no_proxy"
  [ -z "${AWS_ENDPOINT_URL_S3-}" ] || export AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL_S3"
  export LC_ALL=C.UTF-8 PYTHONUTF8=1 # names of keys are UTF-8
}

fetch_ready() {
  wait_for_credentials
}

# <URL> <file name in the current folder>
fetch_object() {
  limited "$attempt_limit" "$aws_binary" --cli-connect-timeout 10 --cli-read-timeout 60 s3 cp --only-show-errors "$1" "$2"
}
