# Whose credentials the downloader gets: those of EKS Pod Identity (pod-identity.sh); of IRSA, whose web identity the
# downloader's SDK exchanges at AWS STS by itself; or of the container, as in AWS CodeBuild, which the SDK asks for itself.

# Nothing of the environment or of a file is preferred to the ones that were chosen.
choose_credentials() {
  export AWS_CONFIG_FILE="$state/aws-config" AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
  unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SDK_LOAD_CONFIG
  case $identity in
    web-identity)
      unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
      export AWS_STS_REGIONAL_ENDPOINTS=regional
      ;;
    *) unset AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE ;;
  esac
}

wait_for_credentials() {
  case $identity in
    web-identity) check_web_identity ;;
    container-role)
      [ -n "${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-}${AWS_CONTAINER_CREDENTIALS_FULL_URI-}" ] || die 77 'no credentials: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set, so this container has no role'
      ;;
    *) wait_for_agent ;;
  esac
}

check_web_identity() {
  if [ -z "${AWS_ROLE_ARN-}" ] || [ -z "${AWS_WEB_IDENTITY_TOKEN_FILE-}" ]; then
    die 77 'no credentials: AWS_ROLE_ARN or AWS_WEB_IDENTITY_TOKEN_FILE is missing, so EKS injected no IAM role when it admitted this pod; annotate its service account with eks.amazonaws.com/role-arn, then delete the pod so that a new one is admitted'
  fi
  [ -s "$AWS_WEB_IDENTITY_TOKEN_FILE" ] || die 77 "no credentials: $AWS_WEB_IDENTITY_TOKEN_FILE, the token of the service account, is missing, empty or not readable as user $(id -u)"
}
