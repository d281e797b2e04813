# Fetches with AWS CLI v2: native Pod Identity and a checksum of its own. One object a command: `--recursive` lists,
# and loses the checksum of big files; the CRT client reports an object replaced meanwhile as success without a file.

fetch_batch_limit=1
fetch_error_prefix='^(download failed: .* to [^ ]*[0-9]+[.]file |fatal error: )'
# Decisive first: <class> <pattern>. A HEAD has no body: an expired token is a bare 400 there.
fetch_errors='space Errno 28|No space left on device|Errno 122
mismatch did not match calculated checksum
archived InvalidObjectState|is of storage class GLACIER
region PermanentRedirect|AuthorizationHeaderMalformed|error occurred [(]301[)]|[(]IllegalLocationConstraintException[)]
credentials ExpiredToken|InvalidToken|InvalidAccessKeyId|SignatureDoesNotMatch|Unable to locate credentials|AssumeRoleWithWebIdentity|retrieving credentials|error occurred [(]400[)]
transient RequestTimeTooSkewed
missing error occurred [(](404|NoSuchKey|NoSuchBucket|NoSuchVersion)[)]
denied error occurred [(](403|AccessDenied)[)]'

fetch_prepare() {
  aws_binary=${AWS:-aws}
  # Big files in few requests. A part is written in chunks, of which the CLI holds 1000: smaller ones keep four of it
  # below 1 GiB.
  printf '%s\n' '[default]' 's3 =' '  preferred_transfer_client = classic' '  multipart_threshold = 128MB' '  multipart_chunksize = 128MB' '  io_chunksize = 64KB' > "$AWS_CONFIG_FILE"
  export AWS_MAX_ATTEMPTS=2 AWS_RETRY_MODE=standard HOME="$state"
  # Whatever its HTTP client does with proxies, the agent is not behind one. IPv6 is compared with its brackets.
  agent_host=${AWS_CONTAINER_CREDENTIALS_FULL_URI-}
  agent_host=${agent_host#*://} agent_host=${agent_host%%/*}
  case $agent_host in '['*) agent_host=${agent_host%%]*}] agent_host=$agent_host,${agent_host#?} agent_host=${agent_host%]} ;; *) agent_host=${agent_host%%:*} ;; esac
  no_proxy=${no_proxy:-${NO_PROXY-}}
  no_proxy=${no_proxy:+$no_proxy,}$agent_host
  export no_proxy NO_PROXY="$no_proxy"
  # S3's endpoint is nobody else's, such as that of STS.
  AWS_ENDPOINT_URL_S3=${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL-}}
  unset AWS_ENDPOINT_URL
  if [ -n "$AWS_ENDPOINT_URL_S3" ]; then export AWS_ENDPOINT_URL_S3; else unset AWS_ENDPOINT_URL_S3; fi
  export LC_ALL=C.UTF-8 PYTHONUTF8=1 # names of keys are UTF-8
}

# <URL> <file name in the current folder>
fetch_object() {
  limited "$attempt_limit" "$aws_binary" --cli-connect-timeout 10 --cli-read-timeout 60 s3 cp --only-show-errors "$1" "$2"
}
