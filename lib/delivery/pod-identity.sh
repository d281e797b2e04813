# EKS Pod Identity: waits for the node's agent, and is the bridge for downloaders that can't ask it themselves.
# The reply holds secrets: it stays in shell variables and is never printed but on the bridge's stdout.

# <URL> <token file>: the reply, then the HTTP status on a line of its own where the tool tells it. The agent is
# link-local: a proxy would swallow the call, so there is none for this call only (it runs in a subshell).
ask_agent() {
  unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
  agent_token=$(cat "$2") || return 1
  if command -v curl > /dev/null; then
    timeout 5 curl -q -s -g -H @- -w '\nHTTP %{http_code}' "$1" << HEADERS
Authorization: $agent_token
HEADERS
  else # wget's own -T crashes in some busybox
    timeout 5 wget -q -O - --header "Authorization: $agent_token" "$1" 2>&1
  fi
}

# <one-line JSON> <member>: its value, nothing where it's not a plain string.
json_member() {
  printf '%s\n' "$1" | LC_ALL=C sed -n 's/.*"'"$2"'"[[:space:]]*:[[:space:]]*"\([^"\\]*\)".*/\1/p'
}

# Asks once. Sets $agent_problem, empty where the reply is usable, and $bridge_reply for credential_process.
read_agent() {
  agent_problem='' bridge_reply=''
  reply=$(ask_agent "$AWS_CONTAINER_CREDENTIALS_FULL_URI" "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" 2> /dev/null | tr '\n' ' ')
  case $reply in
    *'HTTP 2'[0-9][0-9]) ;; # as curl closes it
    *HTTP*' 4'[0-9][0-9]*)
      agent_problem='the agent refused with HTTP 4xx: no Pod Identity association for this service account in this cluster, or it is not effective yet' ;;
    *HTTP*' 5'[0-9][0-9]*)
      agent_problem='the agent answered HTTP 5xx: it gets no credentials for this service account (no association, or EKS Auth is throttled or not reachable)' ;;
    '' | *'HTTP 000' | wget:*) agent_problem='no answer: the Pod Identity agent is not running on this node, or not yet; AWS Fargate and Windows have none' ;;
  esac
  [ -z "$agent_problem" ] || return 1
  access_key=$(json_member "$reply" AccessKeyId) secret_key=$(json_member "$reply" SecretAccessKey)
  session_token=$(json_member "$reply" Token) expiration=$(json_member "$reply" Expiration)
  if [ -z "$access_key" ] || [ -z "$secret_key" ] || [ -z "$session_token" ] || [ -z "$expiration" ]; then
    agent_problem='a malformed answer, not credentials: something other than the Pod Identity agent listens at its address'
    return 1
  fi
  bridge_reply="{\"Version\":1,\"AccessKeyId\":\"$access_key\",\"SecretAccessKey\":\"$secret_key\",\"SessionToken\":\"$session_token\",\"Expiration\":\"$expiration\"}"
}

# A fresh node starts pods before its agent, and an association takes seconds to be effective: both are waited for.
wait_for_agent() {
  if [ -z "${AWS_CONTAINER_CREDENTIALS_FULL_URI-}" ] || [ -z "${AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE-}" ]; then
    die 77 'no credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE are missing, so EKS injected no Pod Identity when it admitted this pod; check the association of its service account, then delete the pod so that a new one is admitted'
  fi
  clock
  credentials_deadline=$((now + credentials_wait)) credentials_attempt=0
  until read_agent; do
    clock
    credentials_left=$((credentials_deadline - now)) credentials_attempt=$((credentials_attempt + 1))
    [ "$credentials_left" -gt 0 ] || die 77 "no credentials from EKS Pod Identity within $credentials_wait s; last answer: $agent_problem"
    event retry "\"attempt\":$credentials_attempt,\"reason\":$(json_string "credentials: $agent_problem")"
    back_off "$credentials_attempt" "$((credentials_left * 1000))"
  done
}

# `sh <this program> credentials`, which an AWS SDK runs as credential_process and ends after 60 s.
credentials_bridge() {
  for bridge_attempt in 1 2 3 4; do
    if read_agent; then
      printf '%s\n' "$bridge_reply"
      exit 0
    fi
    [ "$bridge_attempt" = 4 ] || back_off "$bridge_attempt" 5000
  done
  printf '%s\n' "$agent_problem" >&2
  exit 1
}
