# What the program is told: settings by the environment, models by flags.

# --- Settings ---------------------------------------------------------------------------------------------------
jobs=${MODEL_TRANSFER_JOBS:-4}                                # lists of files at once
attempts=${MODEL_TRANSFER_ATTEMPTS:-6}                        # for one list
backoff_cap=${MODEL_TRANSFER_BACKOFF_CAP:-30}                 # seconds, a fraction is fine
stall=${MODEL_TRANSFER_STALL:-300}                            # seconds without a byte that end an attempt
floor=${MODEL_TRANSFER_FLOOR:-20971520}                       # bytes a second; sets the deadline of an attempt
credentials_wait=${MODEL_TRANSFER_CREDENTIALS_WAIT:-120}      # seconds
jitter=${MODEL_TRANSFER_JITTER:-0}                            # most seconds of the wait before the first use of the network
identity=${MODEL_TRANSFER_CREDENTIALS:-pod-identity}          # or web-identity, container-role
progress=${MODEL_TRANSFER_PROGRESS:-10}                       # seconds between two progress lines
termination_log=${MODEL_TRANSFER_TERMINATION_LOG:-/dev/termination-log}
# ----------------------------------------------------------------------------------------------------------------

check_settings() {
  for setting in "$jobs" "$attempts" "$stall" "$floor"; do
    case $setting in '' | *[!0-9]* | 0*) die 64 "settings: $setting is not a whole number above zero" ;; esac
  done
  for setting in "$credentials_wait" "$progress" "$jitter"; do
    case $setting in '' | *[!0-9]* | 0?*) die 64 "settings: $setting is not a whole number" ;; esac
  done
  case $backoff_cap in '' | *[!0-9.]* | .* | 0[0-9]* | *.*.*) die 64 "settings: $backoff_cap is not a number of seconds" ;; esac
  case $identity in pod-identity | web-identity | container-role) ;; *) die 64 "settings: credentials are pod-identity, web-identity or container-role, not $identity" ;; esac
  backoff_cap_ms=$(milliseconds "$backoff_cap")
}

# <function> <arguments...>: calls the function for each group of flags.
each_model() {
  action=$1
  shift
  model='' opened='' destinations="$newline"
  case ${1-} in --model=*) ;; *) die 64 "settings: expected --model=<name>, found ${1:-nothing}" ;; esac
  for flag in "$@"; do
    case $flag in *"$newline"*) die 64 "settings: the value of ${flag%%=*} holds a newline" ;; esac
    value=${flag#*=}
    case $flag in
      --model=*)
        [ -z "$opened" ] || "$action"
        opened=1 model=$value source='' sources='' digest='' max_bytes='' destination='' shared=''
        ;;
      --source=*)
        [ -z "$source" ] || die 64 "settings: --region is missing after --source=$source"
        source=$value
        [ -n "$fetch_region" ] || sources=$sources-\ $source$newline source=''
        ;;
      --region=*)
        case $value in '' | *[!A-Za-z0-9-]*) die 64 "settings: --region must be the name of a region, not $value" ;; esac
        sources=$sources$value\ $source$newline source=''
        ;;
      --digest=*) digest=$value ;;
      --max-bytes=*) max_bytes=$value ;;
      --destination=*) destination=$value ;;
      --shared) shared=1 ;;
      *) die 64 "settings: unknown flag, or one without a value: $flag" ;;
    esac
  done
  "$action"
}

check_model() {
  [ -n "$model" ] || die 64 'settings: --model is empty'
  [ -z "$source" ] || die 64 "settings: --region is missing after --source=$source"
  [ -n "$sources" ] || die 64 "settings: --source ${fetch_region:+and --region are }missing"
  case $sources in *"$newline"?*) [ -n "$digest" ] || die 64 'settings: several sources need --digest: without it they might hold different versions' ;; esac
  while take_source; do
    is_source "$source" || die 64 "settings: --source must be $fetch_source with a slash at its end${fetch_region:+, before its --region}, not ${source:-missing}"
  done
  case $max_bytes in '' | *[!0-9]* | 0* | ????????????????*) die 64 "settings: --max-bytes must be a number of bytes, not ${max_bytes:-missing}" ;; esac
  case $destination in /?*) ;; *) die 64 "settings: --destination must be an absolute path, not ${destination:-missing}" ;; esac
  case $destinations in *"$newline$destination$newline"*) die 64 "settings: two models have the destination $destination" ;; esac
  destinations=$destinations$destination$newline
  case $digest in
    '') ;;
    sha256:*[!0-9a-f]*) die 64 "settings: --digest must be sha256:<64 lower-case hexadecimal digits>, not $digest" ;;
    sha256:????????????????????????????????????????????????????????????????) ;;
    *) die 64 "settings: --digest must be sha256:<64 lower-case hexadecimal digits>, not $digest" ;;
  esac
}

