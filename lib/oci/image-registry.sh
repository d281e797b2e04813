# The registry, by oras: whatever takes images by the OCI distribution specification, or a folder with the OCI image layout.
# Flags are lists, which the shell splits: none of them holds a blank.

# <arguments...>: three times, as a registry may be throttled.
oras_again() {
  for oras_attempt in 1 2 3; do
    ! "$oras" "$@" > "$state/oras.out" 2> "$state/oras.err" || return 0
    [ "$oras_attempt" = 3 ] || sleep "${IMAGE_RETRY_SECONDS:-5}"
  done
  return 1
}

oras_said() {
  tr '\n' ' ' < "$state/oras.err" | cut -c 1-500
}

# <file>: sets $digest_of and $size_of.
measure() {
  digest_of=sha256:$(sha256sum < "$1" | cut -c 1-64)
  size_of=$(wc -c < "$1")
  size_of=$((size_of))
}

# <file>: one blob, unless the registry has it.
push_blob() {
  measure "$1"
  # shellcheck disable=SC2086
  oras_again blob push $target_flags "$repository@$digest_of" "$1" || die 69 "$repository takes no $digest_of of $size_of bytes: $(oras_said)"
}

# <tag>: sets $tagged, the digest that it stands for, or nothing. That it is not there is an answer, which is not asked for again.
find_tag() {
  tagged=''
  for find_attempt in 1 2 3; do
    # shellcheck disable=SC2086
    if "$oras" manifest fetch $target_flags --descriptor "$repository:$1" > "$state/tagged" 2> "$state/oras.err"; then
      json_values "$state/tagged" > "$state/tagged.values" || die 69 "oras describes $repository:$1 by what is no JSON"
      tagged=$(json_text "$state/tagged.values" /digest)
      [ -n "$tagged" ] || die 69 "oras tells no digest of $repository:$1"
      return 0
    fi
    # ECR's own words, those of other registries, and those of a layout.
    ! grep -Eiq 'not found|manifest[ _]unknown|name[ _]unknown' "$state/oras.err" || return 0
    [ "$find_attempt" = 3 ] || sleep "${IMAGE_RETRY_SECONDS:-5}"
  done
  die 69 "$repository says not whether it has $1: $(oras_said)"
}

# <file> <media type> <tag>: under a tag that nobody else has. What another build has pushed meanwhile is looked at again.
push_tagged() {
  measure "$1"
  pushed_digest=$digest_of
  find_tag "$3"
  if [ -z "$tagged" ]; then
    # shellcheck disable=SC2086
    ! oras_again manifest push $target_flags --media-type "$2" "$repository:$3" "$1" || return 0
    pushed_problem=$(oras_said)
    find_tag "$3"
    [ -n "$tagged" ] || die 69 "$repository takes no manifest under $3: $pushed_problem"
  fi
  [ "$tagged" = "$pushed_digest" ] || die 65 "$repository:$3 is $tagged already, and this build made $pushed_digest: an image never changes; tar or this program changed, so give the builder another tagSuffix, or delete the image if nobody uses it"
  say "$repository:$3 is there already, with the same digest"
}
