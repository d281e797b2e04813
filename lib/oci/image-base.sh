# The base of a model image: the layers of an image with a shell, as it is published for each architecture.

# <reference>: the repository, which a tag does not belong to.
base_repository() {
  base_named=${1%@*}
  case ${base_named##*/} in *:*) base_named=${base_named%:*} ;; esac
  printf '%s' "$base_named"
}

# <architecture>: brings its layers over, and writes $state/base.<architecture>.layers ("media-type digest size") and .diff_ids
bring_base() {
  base_file=$state/base.$1
  : > "$base_file.layers"
  : > "$base_file.diff_ids"
  [ -n "$base" ] || return 0
  # shellcheck disable=SC2086
  oras_again manifest fetch $base_flags --platform "linux/$1" --output "$base_file.manifest" "$base_from@${base##*@}" || die 69 "the base image $base can't be had for linux/$1: $(oras_said)"
  json_values "$base_file.manifest" > "$base_file.values" || die 65 "the manifest of base image $base is no JSON"
  fetch_from_base "$(json_text "$base_file.values" /config/digest)" "$base_file.config"
  json_values "$base_file.config" > "$base_file.config.values" || die 65 "the configuration of base image $base is no JSON"
  base_count=0
  while base_digest=$(json_text "$base_file.values" "/layers/$base_count/digest") && [ -n "$base_digest" ]; do
    base_type=$(json_text "$base_file.values" "/layers/$base_count/mediaType")
    case $base_type in
      application/vnd.docker.image.rootfs.diff.tar.gzip) base_type=$layer_type+gzip ;;
      "$layer_type" | "$layer_type+gzip" | "$layer_type+zstd") ;;
      *) die 65 "base image $base has a layer of type $base_type: use an image whose layers are tar archives" ;;
    esac
    base_diff=$(json_text "$base_file.config.values" "/rootfs/diff_ids/$base_count")
    [ -n "$base_diff" ] || die 65 "base image $base has a layer without a diff_id"
    fetch_from_base "$base_digest" "$state/base.blob"
    push_blob "$state/base.blob"
    printf '%s %s %s\n' "$base_type" "$digest_of" "$size_of" >> "$base_file.layers"
    printf '%s\n' "$base_diff" >> "$base_file.diff_ids"
    rm -f "$state/base.blob"
    base_count=$((base_count + 1))
  done
  [ "$base_count" -gt 0 ] || die 65 "base image $base has no layers: is it an image, and not an artifact?"
}

# <digest> <file>
fetch_from_base() {
  # shellcheck disable=SC2086
  oras_again blob fetch $base_flags --output "$2" "$base_from@$1" || die 69 "$1 of base image $base can't be had: $(oras_said)"
  measure "$2"
  [ "$digest_of" = "$1" ] || die 65 "$1 of base image $base came as $digest_of"
}
